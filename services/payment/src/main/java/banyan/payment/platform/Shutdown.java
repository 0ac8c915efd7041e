package banyan.payment.platform;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Steps to stop by, in order, each with a limit of its own: one that hangs or fails does not keep
 * the others from running.
 */
public final class Shutdown {
    private static final Logger LOG = LoggerFactory.getLogger(Shutdown.class);

    private final List<Step> steps = new ArrayList<>();

    /** What a step does. */
    @FunctionalInterface
    public interface Action {
        void run() throws Exception;
    }

    private record Step(String name, Duration limit, Action action) {}

    /** Adds a step behind those there are. */
    public Shutdown then(String name, Duration limit, Action action) {
        steps.add(new Step(name, limit, action));
        return this;
    }

    /** Takes at most the sum of the limits. */
    public void run() throws InterruptedException {
        for (Step step : steps) {
            FutureTask<Void> task =
                    new FutureTask<>(
                            () -> {
                                step.action().run();
                                return null;
                            });
            Thread thread = new Thread(task, "stop-" + step.name());
            thread.setDaemon(true);
            thread.start();
            try {
                task.get(step.limit().toMillis(), TimeUnit.MILLISECONDS);
            } catch (ExecutionException e) {
                LOG.atWarn()
                        .addKeyValue("step", step.name())
                        .setCause(e.getCause())
                        .log("stopping failed");
            } catch (TimeoutException e) {
                LOG.atWarn().addKeyValue("step", step.name()).log("stopping took too long");
            }
        }
    }
}
