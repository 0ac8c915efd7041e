package banyan.payment.app;

import banyan.payment.domain.Pursuit.Lease;
import java.time.Instant;
import java.time.InstantSource;
import java.util.UUID;
import java.util.function.Supplier;

/**
 * What every use case needs and no test wants to wait for.
 *
 * @param clock the one source of time
 * @param newId gives a UUIDv7 each time
 */
public record Tools(InstantSource clock, Supplier<String> newId, Timing timing) {
    /** The time, in microseconds: what the database keeps. */
    Instant now() {
        return clock.instant().truncatedTo(java.time.temporal.ChronoUnit.MICROS);
    }

    Lease lease(Instant now) {
        return new Lease(UUID.randomUUID().toString(), now.plus(timing.lease()));
    }
}
