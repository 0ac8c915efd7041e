package banyan.payment.adapters;

import static org.assertj.core.api.Assertions.assertThat;

import banyan.payment.app.PaymentProvider.NotCharged;
import banyan.payment.app.PaymentProvider.Succeeded;
import banyan.payment.support.Eventually;
import banyan.payment.support.MoodyProvider;
import banyan.payment.support.MoodyProvider.Mood;
import banyan.payment.support.World;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;
import java.util.concurrent.Callable;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;

class GuardedProviderTest {
    private final MoodyProvider moody = new MoodyProvider();
    private final List<String> seen = new CopyOnWriteArrayList<>();
    private final GuardedProvider guarded =
            new GuardedProvider(
                    moody,
                    1,
                    Duration.ofMillis(300),
                    (operation, status, seconds) -> seen.add(operation + " " + status));

    private Object charge() {
        return guarded.charge(
                UUID.randomUUID().toString(),
                World.eur(5),
                "tok_ok",
                World.newOrder(),
                World.soon());
    }

    @Test
    void a_provider_that_keeps_failing_is_left_alone_and_tried_again_later() {
        moody.requests = Mood.DOWN;
        for (int i = 0; i < 10; i++) {
            charge();
        }
        assertThat(guarded.circuitState()).isEqualTo(2);
        assertThat(charge()).isEqualTo(new NotCharged("circuit open"));
        assertThat(moody.chargeRequests).hasValue(10);
        moody.requests = Mood.WELL;
        Eventually.holds(() -> charge() instanceof Succeeded);
        Eventually.holds(() -> charge() instanceof Succeeded && guarded.circuitState() == 0);
        assertThat(seen.subList(0, 11)).containsOnly("charge UNAVAILABLE");
        assertThat(seen).contains("charge OK");
    }

    @Test
    void a_call_that_is_one_too_many_is_turned_away_unsent() throws Exception {
        CountDownLatch inside = new CountDownLatch(1);
        CountDownLatch leave = new CountDownLatch(1);
        moody.duringCharge =
                () -> {
                    inside.countDown();
                    try {
                        leave.await(10, TimeUnit.SECONDS);
                    } catch (InterruptedException e) {
                        throw new IllegalStateException(e);
                    }
                };
        Thread first = new Thread(this::charge);
        first.start();
        assertThat(inside.await(10, TimeUnit.SECONDS)).isTrue();
        assertThat(charge()).isEqualTo(new NotCharged("bulkhead full"));
        assertThat(seen).containsExactly("charge RESOURCE_EXHAUSTED");
        leave.countDown();
        first.join(10_000);
        assertThat(moody.chargeRequests).hasValue(1);
    }

    @Test
    void three_trials_at_once_and_no_more_while_it_is_half_open() throws Exception {
        moody.requests = Mood.DOWN;
        var many =
                new GuardedProvider(
                        moody, 20, Duration.ofMillis(300), (operation, status, seconds) -> {});
        Callable<Object> charge =
                () ->
                        many.charge(
                                UUID.randomUUID().toString(),
                                World.eur(5),
                                "tok_ok",
                                World.newOrder(),
                                World.soon());
        for (int i = 0; i < 10; i++) {
            charge.call();
        }
        assertThat(many.circuitState()).isEqualTo(2);
        moody.requests = Mood.WELL;
        CountDownLatch leave = new CountDownLatch(1);
        AtomicInteger inside = new AtomicInteger();
        moody.duringCharge =
                () -> {
                    inside.incrementAndGet();
                    try {
                        leave.await(10, TimeUnit.SECONDS);
                    } catch (InterruptedException e) {
                        throw new IllegalStateException(e);
                    }
                };
        int before = moody.chargeRequests.get();
        Thread.sleep(310); // the rest that the provider is given
        ExecutorService callers = Executors.newFixedThreadPool(10);
        try {
            List<Future<Object>> calls = new ArrayList<>();
            for (int i = 0; i < 10; i++) {
                calls.add(callers.submit(charge));
            }
            Eventually.holds(() -> calls.stream().filter(Future::isDone).count() == 7);
            assertThat(inside).hasValue(3);
            assertThat(many.circuitState()).isEqualTo(1);
        } finally {
            leave.countDown();
            callers.shutdown();
        }
        assertThat(callers.awaitTermination(10, TimeUnit.SECONDS)).isTrue();
        assertThat(moody.chargeRequests.get() - before).isEqualTo(3);
        assertThat(many.circuitState()).isZero();
    }
}
