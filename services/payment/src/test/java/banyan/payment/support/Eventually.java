package banyan.payment.support;

import java.time.Duration;
import java.util.concurrent.Callable;
import java.util.concurrent.locks.LockSupport;

/** Waits for something to become true, with a deadline. */
public final class Eventually {
    private Eventually() {}

    public static void holds(Callable<Boolean> condition) {
        holds(Duration.ofSeconds(10), condition);
    }

    public static void holds(Duration limit, Callable<Boolean> condition) {
        long end = System.nanoTime() + limit.toNanos();
        try {
            while (!condition.call()) {
                if (System.nanoTime() > end) {
                    throw new AssertionError("not so within " + limit);
                }
                LockSupport.parkNanos(10_000_000);
            }
        } catch (RuntimeException e) {
            throw e;
        } catch (Exception e) {
            throw new IllegalStateException(e);
        }
    }
}
