package banyan.payment.support;

import static org.assertj.core.api.Assertions.assertThat;

import banyan.payment.adapters.InMemoryProvider.Charge;
import banyan.payment.app.PaymentStore;
import banyan.payment.app.PaymentStore.Query;
import banyan.payment.domain.Payment;
import banyan.payment.domain.PaymentException;
import banyan.payment.domain.PaymentState;
import banyan.payment.domain.Refund;
import banyan.payment.support.MoodyProvider.Mood;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Random;

/**
 * Anything in any order, with a moody provider and crashes between; in the end the books must
 * balance.
 */
public final class Chaos {
    private final Random random;
    private final CrashingStore store;
    private final World world;
    private final List<String> orders = new ArrayList<>();

    public Chaos(PaymentStore store, long seed) {
        this.random = new Random(seed);
        this.store = new CrashingStore(store, random);
        this.world = new World(this.store);
    }

    public void run(int steps) {
        store.crashes(0.2);
        for (int i = 0; i < steps; i++) {
            world.provider.requests = Mood.values()[random.nextInt(Mood.values().length)];
            world.provider.answersQuestions = random.nextInt(3) > 0;
            try {
                step();
            } catch (CrashingStore.Crash | PaymentException e) {
                world.clock.pass(Duration.ofMillis(random.nextInt(3_000)));
            }
        }
        settle();
        check();
    }

    private void step() {
        if (orders.isEmpty() || random.nextInt(6) == 0) {
            orders.add(World.newOrder());
        }
        String order = orders.get(random.nextInt(orders.size()));
        switch (random.nextInt(9)) {
            case 0, 1, 2 -> world.charge(order, "tok_ok", 1_000);
            case 3 -> world.refundOrder(order);
            case 4 ->
                    of(order)
                            .ifPresent(
                                    each ->
                                            world.refund(
                                                    each.id(),
                                                    1 + random.nextInt(400),
                                                    "r" + random.nextInt(50)));
            case 5 -> world.clock.pass(Duration.ofSeconds(random.nextInt(15)));
            case 6 -> world.resolve.next();
            case 7 -> arrive();
            default -> world.retry.next();
        }
    }

    /** A request that seemed lost reaches the provider after all. */
    private void arrive() {
        Runnable request = world.provider.underway.poll();
        if (request != null) {
            request.run();
        }
    }

    /**
     * All is well again, and time passes: first in seconds, then in hours, for what comes to light
     * late.
     */
    private void settle() {
        store.crashes(0);
        world.provider.requests = Mood.WELL;
        world.provider.answersQuestions = true;
        passing(Duration.ofSeconds(5), 60);
        world.provider.underway.forEach(Runnable::run);
        passing(Duration.ofMinutes(20), 100);
        assertThat(store.countPending()).isZero();
    }

    private void passing(Duration step, int steps) {
        for (int i = 0; i < steps; i++) {
            world.clock.pass(step);
            int looks = 0;
            while (world.resolve.next() || world.retry.next()) {
                assertThat(looks++).isLessThan(1_000);
            }
        }
    }

    private void check() {
        List<Charge> charges = world.provider.books.charges();
        for (String order : orders) {
            Optional<Payment> payment = of(order);
            List<Charge> made =
                    charges.stream()
                            .filter(
                                    each ->
                                            payment.isPresent()
                                                    && each.key().equals(payment.get().id()))
                            .toList();
            assertThat(made).hasSizeLessThanOrEqualTo(1);
            payment.ifPresent(each -> checkOne(each, made));
        }
    }

    private void checkOne(Payment payment, List<Charge> made) {
        boolean charged = payment.state() instanceof PaymentState.Succeeded;
        long owed = charged ? payment.amount().minus(payment.refunded()).minorUnits() : 0;
        long taken = made.stream().mapToLong(each -> each.amount().minorUnits()).sum();
        long back = made.stream().mapToLong(each -> world.provider.books.refunded(each.id())).sum();
        assertThat(taken - back).as("net of %s", payment).isEqualTo(owed);
        assertThat(payment.refunds()).allMatch(each -> each.state() == Refund.State.SUCCEEDED);
        boolean closed =
                store.<Optional<String>>inTransaction(tx -> tx.lockOrder(payment.orderId()))
                        .isPresent();
        assertThat(closed ? owed : 0).as("kept of the closed order of %s", payment).isZero();
    }

    private Optional<Payment> of(String order) {
        return store
                .list(new Query(Optional.empty(), Optional.of(order), Optional.empty(), 1))
                .stream()
                .findFirst();
    }
}
