package banyan.payment.domain;

import java.time.Instant;
import java.util.List;
import java.util.Optional;
import java.util.function.UnaryOperator;

/**
 * One charge for one order, and what was paid back of it. Immutable; every change gives a new one.
 *
 * <p>Invariant: the refunds that count never add up to more than {@code amount}.
 *
 * @param id UUIDv7, also the provider's idempotency key of the charge
 * @param fingerprint SHA-256 of what was asked for; a repeat must bring the same
 * @param refunds oldest first
 */
public record Payment(
        String id,
        String orderId,
        String userId,
        String fingerprint,
        Money amount,
        PaymentState state,
        Pursuit pursuit,
        List<Refund> refunds,
        Instant createTime,
        Instant updateTime) {

    /** The least a charge may be, and the most, in minor units. */
    public static final long MIN_MINOR = 1;

    public static final long MAX_MINOR = 100_000_000;

    public Payment {
        refunds = List.copyOf(refunds);
        if (sum(amount, refunds).isMoreThan(amount)) {
            throw new IllegalStateException("payment " + id + " would pay back more than it took");
        }
    }

    /** What was paid back or is under way. */
    public Money refunded() {
        return sum(amount, refunds);
    }

    /** What can still be paid back: nothing unless money was taken. */
    public Money refundable() {
        return state.chargedId().isEmpty() ? amount.zero() : amount.minus(refunded());
    }

    public Optional<Refund> refund(String refundId) {
        return refunds.stream().filter(refund -> refund.id().equals(refundId)).findFirst();
    }

    /** The payment with another pursuit of its charge. */
    public Payment with(Pursuit changed) {
        return copy(state, changed, refunds, updateTime);
    }

    /** PENDING → SUCCEEDED. */
    public Payment succeeded(String chargeId, Instant now) {
        return resolved(new PaymentState.Succeeded(chargeId), pursuit.over(), now);
    }

    /** PENDING → DECLINED. */
    public Payment declined(String chargeId, String code, Instant now) {
        return resolved(new PaymentState.Declined(chargeId, code), pursuit.over(), now);
    }

    /**
     * PENDING → FAILED.
     *
     * @param auditAt when to ask the provider once more whether it charged after all; null when it
     *     certainly did not
     */
    public Payment failed(Instant auditAt, Instant now) {
        Pursuit left = pursuit.released(auditAt, auditAt == null ? null : pursuit.doubtSince());
        return resolved(new PaymentState.Failed(""), left, now);
    }

    /** A FAILED payment was charged after all: it stays FAILED, and the money can be paid back. */
    public Payment chargedLate(String chargeId, Instant now) {
        if (!(state instanceof PaymentState.Failed)) {
            throw new IllegalStateException("payment " + id + " is not FAILED");
        }
        return copy(new PaymentState.Failed(chargeId), pursuit.over(), refunds, now);
    }

    /**
     * With one more refund; PaymentException when it is more than is left, or nothing was charged.
     */
    public Payment refunding(Refund refund, Instant now) {
        if (state.chargedId().isEmpty()) {
            throw PaymentException.notCharged(this);
        }
        if (!refund.amount().currency().equals(amount.currency())) {
            throw PaymentException.invalid(
                    "amount.currency_code", "must be the payment's: " + amount.currency());
        }
        if (refund.amount().isZero() || refund.amount().isMoreThan(refundable())) {
            throw PaymentException.refundExceedsCharge(this, refund.amount());
        }
        List<Refund> more = new java.util.ArrayList<>(refunds);
        more.add(refund);
        return copy(state, pursuit, more, now);
    }

    /** With one refund changed. */
    public Payment changing(String refundId, UnaryOperator<Refund> change, Instant now) {
        List<Refund> changed =
                refunds.stream()
                        .map(each -> each.id().equals(refundId) ? change.apply(each) : each)
                        .toList();
        return copy(state, pursuit, changed, now);
    }

    private Payment resolved(PaymentState next, Pursuit left, Instant now) {
        if (!state.isPending()) {
            throw new IllegalStateException("payment " + id + " is final: " + state);
        }
        return copy(next, left, refunds, now);
    }

    private Payment copy(
            PaymentState next, Pursuit nextPursuit, List<Refund> nextRefunds, Instant now) {
        return new Payment(
                id,
                orderId,
                userId,
                fingerprint,
                amount,
                next,
                nextPursuit,
                nextRefunds,
                createTime,
                now);
    }

    private static Money sum(Money amount, List<Refund> refunds) {
        return refunds.stream()
                .filter(Refund::isCounted)
                .map(Refund::amount)
                .reduce(amount.zero(), Money::plus);
    }
}
