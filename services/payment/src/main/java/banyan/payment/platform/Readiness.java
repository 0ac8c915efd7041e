package banyan.payment.platform;

import java.time.Duration;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.function.Consumer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Whether calls may come: proven by a check each second, off until then and for good once draining.
 */
public final class Readiness {
    private static final Logger LOG = LoggerFactory.getLogger(Readiness.class);

    private final String name;
    private final Callable<Boolean> check;
    private final Consumer<Boolean> publish;
    private final BackgroundLoop loop;
    private boolean draining;
    private volatile Map<String, String> reasons = Map.of("start", "not checked yet");

    /**
     * @param name what is checked
     * @param check true when it works; bounded in time
     * @param publish told of every change
     */
    public Readiness(
            String name, Callable<Boolean> check, Consumer<Boolean> publish, Metrics metrics) {
        this.name = name;
        this.check = check;
        this.publish = publish;
        this.loop = new BackgroundLoop("readiness", Duration.ofSeconds(1), metrics, this::step);
    }

    public void start() {
        loop.start();
    }

    /** Why not, by name; empty when ready. */
    public Map<String, String> reasons() {
        return reasons;
    }

    public BackgroundLoop loop() {
        return loop;
    }

    /** Off for good: the process is about to stop. */
    public void drain() throws InterruptedException {
        set(Map.of("drain", "the process is stopping"), true);
        loop.stop(Duration.ofSeconds(1));
    }

    private boolean step() {
        String reason = "";
        try {
            reason = check.call() ? "" : "no answer";
        } catch (Exception e) {
            reason =
                    e.getClass()
                            .getSimpleName(); // whatever is wrong is the reason for not being ready
        }
        set(reason.isEmpty() ? Map.of() : Map.of(name, reason), false);
        return false;
    }

    private synchronized void set(Map<String, String> now, boolean drain) {
        if (draining) {
            return;
        }
        draining = drain;
        boolean before = reasons.isEmpty();
        reasons = now;
        if (before != now.isEmpty()) {
            publish.accept(now.isEmpty());
            if (!drain && before) {
                LOG.atWarn().addKeyValue("reasons", now).log("not ready");
            }
        }
    }
}
