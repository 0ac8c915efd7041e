package banyan.payment.platform;

import java.sql.SQLException;
import java.time.Duration;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;

/**
 * Waits for events: told of by this process, which costs the database nothing, or by the other
 * replicas through it.
 */
final class OutboxNews {
    private static final long LOOK_MILLIS = 100;

    // Told once at the start: earlier processes may have left something.
    private final Semaphore told = new Semaphore(1);

    /** By any thread; being told twice before the next wait is being told once. */
    void tell() {
        if (told.availablePermits() == 0) {
            told.release();
        }
    }

    /**
     * True as soon as this process told of an event; false when another one did, or after {@code
     * limit}.
     */
    boolean await(Duration limit, OutboxTable table) throws InterruptedException, SQLException {
        for (long left = limit.toMillis(); left > 0; left -= LOOK_MILLIS) {
            if (told.tryAcquire(LOOK_MILLIS, TimeUnit.MILLISECONDS)) {
                told.drainPermits();
                return true;
            }
            if (table.hasNews()) {
                return false;
            }
        }
        return false;
    }
}
