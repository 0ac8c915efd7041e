package banyan.payment.platform;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import org.junit.jupiter.api.Test;

class ShutdownTest {
    @Test
    void steps_run_in_order_and_one_that_hangs_or_fails_does_not_stop_the_others()
            throws Exception {
        List<String> ran = new CopyOnWriteArrayList<>();
        new Shutdown()
                .then("first", Duration.ofSeconds(5), () -> ran.add("first"))
                .then(
                        "fails",
                        Duration.ofSeconds(5),
                        () -> {
                            throw new IllegalStateException("broken");
                        })
                .then("hangs", Duration.ofMillis(50), () -> new CountDownLatch(1).await())
                .then("last", Duration.ofSeconds(5), () -> ran.add("last"))
                .run();
        assertThat(ran).containsExactly("first", "last");
    }
}
