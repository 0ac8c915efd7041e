package banyan.payment.domain;

import java.time.Instant;

/**
 * Money paid back.
 *
 * @param id UUIDv7, also the provider's idempotency key
 * @param reason UPPER_SNAKE
 * @param providerId the provider's id, empty until it succeeded
 */
public record Refund(
        String id,
        State state,
        Money amount,
        String reason,
        String providerId,
        Pursuit pursuit,
        Instant createTime,
        Instant updateTime) {

    /** PENDING is retried for ever; the others are final. */
    public enum State {
        PENDING,
        SUCCEEDED,
        FAILED
    }

    /** One that was just asked for. */
    public static Refund asked(
            String id, Money amount, String reason, Pursuit pursuit, Instant now) {
        return new Refund(id, State.PENDING, amount, reason, "", pursuit, now, now);
    }

    public boolean isPending() {
        return state == State.PENDING;
    }

    /** Counts against the charge: paid back, or may be any moment. */
    public boolean isCounted() {
        return state != State.FAILED;
    }

    /** The refund with another pursuit; only while PENDING. */
    public Refund with(Pursuit changed) {
        return changedTo(State.PENDING, "", changed, updateTime);
    }

    /** Paid back. */
    public Refund succeeded(String providerRefundId, Instant now) {
        return changedTo(State.SUCCEEDED, providerRefundId, pursuit.over(), now);
    }

    /** Refused by the provider for good. */
    public Refund failed(Instant now) {
        return changedTo(State.FAILED, "", pursuit.over(), now);
    }

    private Refund changedTo(State next, String newProviderId, Pursuit newPursuit, Instant now) {
        if (!isPending()) {
            throw new IllegalStateException("refund " + id + " is " + state + " for good");
        }
        return new Refund(id, next, amount, reason, newProviderId, newPursuit, createTime, now);
    }
}
