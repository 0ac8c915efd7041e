package banyan.payment.domain;

import java.time.Duration;
import java.time.Instant;
import java.util.Optional;

/**
 * How the provider's answer to one request is pursued, over crashes and by several replicas.
 *
 * <p>A lease lets one replica at a time speak to the provider. It expires by itself, because its
 * holder may have died.
 *
 * @param attempts requests sent so far
 * @param sentAt the last one; null before the first
 * @param doubtSince the last one that may still take effect; null when none can
 * @param nextAt when a worker looks at it; null when nothing is left to do
 * @param leaseOwner who speaks to the provider now; null when nobody does
 * @param leaseUntil when that lease expires
 */
public record Pursuit(
        int attempts,
        Instant sentAt,
        Instant doubtSince,
        Instant nextAt,
        String leaseOwner,
        Instant leaseUntil) {

    private static final Pursuit FRESH = new Pursuit(0, null, null, null, null, null);

    /** One that a worker takes up at {@code nextAt}. */
    public static Pursuit from(Instant nextAt) {
        return FRESH.at(nextAt);
    }

    /** Nothing left to do, and no lease; what was sent stays on record. */
    public Pursuit over() {
        return new Pursuit(attempts, sentAt, doubtSince, null, null, null);
    }

    public boolean isFree(Instant now) {
        return leaseUntil == null || !leaseUntil.isAfter(now);
    }

    /** A worker should take it up. */
    public boolean isDue(Instant now) {
        return nextAt != null && !nextAt.isAfter(now) && isFree(now);
    }

    public boolean isHeldBy(String owner) {
        return owner.equals(leaseOwner);
    }

    /** Leased, to ask only. */
    public Pursuit leased(Lease lease) {
        return new Pursuit(attempts, sentAt, doubtSince, nextAt, lease.owner(), lease.until());
    }

    /**
     * Leased, to send: from here on the request counts as sent, for its sender may die before it
     * can say.
     */
    public Pursuit sending(Lease lease, Instant now) {
        return new Pursuit(attempts + 1, now, now, nextAt, lease.owner(), lease.until());
    }

    /**
     * Given back; {@code doubt} is the last request that may still take effect, null when none can.
     */
    public Pursuit released(Instant next, Instant doubt) {
        return new Pursuit(attempts, sentAt, doubt, next, null, null);
    }

    /**
     * True when no request can take effect any more: none is in doubt, or the last was sent {@code
     * settle} ago.
     */
    public boolean isSettled(Instant now, Duration settle) {
        return doubtSince == null || !doubtSince.plus(settle).isAfter(now);
    }

    /** Time since the last request; empty when none was sent. */
    public Optional<Duration> age(Instant now) {
        return Optional.ofNullable(sentAt).map(sent -> Duration.between(sent, now));
    }

    private Pursuit at(Instant next) {
        return new Pursuit(attempts, sentAt, doubtSince, next, leaseOwner, leaseUntil);
    }

    /**
     * The right to speak to the provider about one payment or refund.
     *
     * @param owner unique to this lease
     */
    public record Lease(String owner, Instant until) {}
}
