package banyan.payment.platform;

import io.grpc.Context;
import java.time.Duration;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A thread that does one kind of work for ever: again at once while there is some, after a pause
 * when there is none.
 */
public final class BackgroundLoop {
    private static final Logger LOG = LoggerFactory.getLogger(BackgroundLoop.class);
    private static final Duration MOST = Duration.ofSeconds(30);

    private final String name;
    private final Work work;
    private final Duration idle;
    private final Metrics metrics;
    private final CountDownLatch stopping = new CountDownLatch(1);
    private final AtomicBoolean died = new AtomicBoolean();
    private final Thread thread;

    /** One step; true when there may be more to do right away. */
    @FunctionalInterface
    public interface Work {
        boolean step() throws Exception;
    }

    /**
     * @param idle the pause when there is nothing to do
     */
    public BackgroundLoop(String name, Duration idle, Metrics metrics, Work work) {
        this.name = name;
        this.work = work;
        this.idle = idle;
        this.metrics = metrics;
        this.thread = new Thread(this::run, name);
        this.thread.setDaemon(true);
        this.thread.setUncaughtExceptionHandler(
                (ended, error) ->
                        LOG.atError().addKeyValue("task", name).setCause(error).log("task ended"));
    }

    public BackgroundLoop start() {
        thread.start();
        return this;
    }

    public String name() {
        return name;
    }

    /** False when the thread ended without being asked to. */
    public boolean isAlive() {
        return !died.get();
    }

    /** Lets the running step end, for at most {@code limit}. */
    public void stop(Duration limit) throws InterruptedException {
        stopping.countDown();
        thread.join(Math.max(1, limit.toMillis()));
        if (thread.isAlive()) {
            thread.interrupt();
        }
    }

    private void run() {
        int failures = 0;
        try {
            while (stopping.getCount() > 0) {
                boolean more = false;
                try {
                    more = traced();
                    failures = 0;
                } catch (Exception e) {
                    failures++;
                    metrics.taskFailures.labelValues(name).inc();
                    LOG.atWarn()
                            .addKeyValue("task", name)
                            .addKeyValue("failures", failures)
                            .setCause(e)
                            .log("task failed");
                }
                if (!more && pause(failures)) {
                    return;
                }
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        } finally {
            died.set(stopping.getCount() > 0);
        }
    }

    /**
     * Each step is a trace of its own; it is recorded only by what it calls, for most steps find
     * nothing to do.
     */
    private boolean traced() throws Exception {
        return Context.ROOT
                .withValue(TraceContext.KEY, TraceContext.startedFrom(null))
                .call(work::step);
    }

    /**
     * True when the loop is to stop. Failures in a row double the pause, with jitter, up to half a
     * minute.
     */
    private boolean pause(int failures) throws InterruptedException {
        long millis = idle.toMillis();
        if (failures > 0) {
            long doubled = Math.min(MOST.toMillis(), 250L << Math.min(failures, 7));
            millis = doubled / 2 + ThreadLocalRandom.current().nextLong(doubled / 2 + 1);
        }
        return stopping.await(millis, TimeUnit.MILLISECONDS);
    }
}
