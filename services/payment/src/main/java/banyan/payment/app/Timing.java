package banyan.payment.app;

import java.time.Duration;
import java.time.Instant;

/**
 * The times that decide when something counts as lost.
 *
 * @param lease how long one replica may speak to the provider about one payment before another
 *     takes over; longer than all provider calls of one use case together
 * @param takeUp when a worker first looks at what a call left PENDING
 * @param settle when a request without an answer can't take effect any more
 * @param giveUp how long after the last request a charge that the provider does not know becomes
 *     FAILED
 * @param call the most that one call to the provider may take
 */
public record Timing(
        Duration lease, Duration takeUp, Duration settle, Duration giveUp, Duration call) {
    /** What the service runs with unless told otherwise. */
    public static Timing defaults() {
        return of(Duration.ofSeconds(2), Duration.ofSeconds(20));
    }

    public static Timing of(Duration call, Duration settle) {
        return new Timing(
                call.multipliedBy(5), Duration.ofSeconds(3), settle, Duration.ofSeconds(10), call);
    }

    private static final Duration LEAST = Duration.ofSeconds(1);
    private static final Duration MOST = Duration.ofSeconds(30);
    private static final Duration AUDIT_FIRST = Duration.ofSeconds(60);
    private static final Duration AUDIT_END = Duration.ofHours(24);

    /** The next look at a pending charge: after half its age again, 1 to 30 s. */
    Instant nextLook(Duration age, Instant now) {
        Duration half = age.dividedBy(2);
        return now.plus(half.compareTo(LEAST) < 0 ? LEAST : half.compareTo(MOST) > 0 ? MOST : half);
    }

    /**
     * The next look at a FAILED charge that had been in doubt: at twice its age, from a minute to a
     * day; null after that.
     */
    Instant nextAudit(Duration age, Instant now) {
        if (age.compareTo(AUDIT_END) > 0) {
            return null;
        }
        return now.plus(age.compareTo(AUDIT_FIRST) < 0 ? AUDIT_FIRST : age);
    }

    /** The next try of a refund: 0.5 s doubled with each attempt, at most 30 s. */
    static Instant nextTry(int attempts, Instant now) {
        long millis = 500L << Math.min(Math.max(attempts - 1, 0), 6);
        return now.plusMillis(Math.min(millis, MOST.toMillis()));
    }
}
