package banyan.payment.platform;

import static org.assertj.core.api.Assertions.assertThat;

import banyan.payment.support.Eventually;
import java.time.Duration;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;

class BackgroundLoopTest {
    private final Metrics metrics = new Metrics();

    @Test
    void a_failing_step_is_tried_again_after_a_pause() throws Exception {
        AtomicInteger steps = new AtomicInteger();
        BackgroundLoop loop =
                new BackgroundLoop(
                        "failing",
                        Duration.ZERO,
                        metrics,
                        () -> {
                            if (steps.incrementAndGet() < 3) {
                                throw new IllegalStateException("not yet");
                            }
                            return false;
                        });
        loop.start();
        Eventually.holds(() -> steps.get() > 3);
        assertThat(loop.isAlive()).isTrue();
        loop.stop(Duration.ofSeconds(5));
        assertThat(metrics.taskFailures.labelValues("failing").get()).isEqualTo(2);
        int stopped = steps.get();
        assertThat(steps).hasValue(stopped);
        assertThat(loop.isAlive()).isTrue();
    }

    @Test
    void an_error_that_ends_the_thread_shows() {
        BackgroundLoop loop =
                new BackgroundLoop(
                        "dying",
                        Duration.ZERO,
                        metrics,
                        () -> {
                            throw new AssertionError("ends it");
                        });
        loop.start();
        Eventually.holds(() -> !loop.isAlive());
    }
}
