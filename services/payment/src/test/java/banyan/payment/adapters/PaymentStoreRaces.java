package banyan.payment.adapters;

import static org.assertj.core.api.Assertions.assertThat;

import banyan.payment.app.PaymentStore;
import banyan.payment.domain.Payment;
import banyan.payment.domain.PaymentEvent;
import banyan.payment.domain.PaymentState;
import banyan.payment.domain.Pursuit;
import banyan.payment.domain.Pursuit.Lease;
import banyan.payment.domain.Refund;
import banyan.payment.support.World;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.UUID;
import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;

/** What must hold when many use a store at once; the base of the contract. */
abstract class PaymentStoreRaces {
    static final Instant NOW = Instant.parse("2026-05-01T10:00:00.123456Z");

    static final Lease LEASE = new Lease(UUID.randomUUID().toString(), NOW.plusSeconds(10));

    abstract PaymentStore store();

    /** How many were told so far. */
    abstract long events();

    /** A payment that was never written, leased for sending. */
    static Payment sending() {
        Payment payment = pending(NOW);
        return payment.with(payment.pursuit().sending(LEASE, NOW));
    }

    /** Another payment for the same order. */
    static Payment again(Payment payment) {
        return new Payment(
                UUID.randomUUID().toString(),
                payment.orderId(),
                payment.userId(),
                "other",
                payment.amount(),
                payment.state(),
                payment.pursuit(),
                List.of(),
                NOW,
                NOW);
    }

    void close(String order) {
        store().inTransaction(
                        tx -> {
                            tx.lockOrder(order);
                            tx.closeOrder(order, "WHY", NOW);
                            return null;
                        });
    }

    boolean settle(Payment charged, Lease lease) {
        return store().settle(charged, lease, new PaymentEvent.Charged(charged), NOW);
    }

    static Payment pending(Instant next) {
        return new Payment(
                UUID.randomUUID().toString(),
                UUID.randomUUID().toString(),
                UUID.randomUUID().toString(),
                "fingerprint",
                World.eur(1000),
                PaymentState.PENDING,
                Pursuit.from(next),
                List.of(),
                NOW,
                NOW);
    }

    static Refund refund(long minor, Instant next) {
        return Refund.asked(
                UUID.randomUUID().toString(), World.eur(minor), "STAFF", Pursuit.from(next), NOW);
    }

    Payment inserted(Payment payment) {
        return store().inTransaction(
                        tx -> {
                            tx.lockOrder(payment.orderId());
                            tx.insert(payment);
                            return payment;
                        });
    }

    void update(Payment payment) {
        store().inTransaction(
                        tx -> {
                            tx.update(payment);
                            return null;
                        });
    }

    @Test
    void many_refunds_at_once_never_pay_back_more_than_was_taken() throws Exception {
        Payment payment = inserted(pending(NOW)).succeeded("ch", NOW);
        update(payment);
        int racers = 8;
        List<Boolean> granted =
                race(
                        racers,
                        () -> {
                            try {
                                store().inTransaction(
                                                tx -> {
                                                    Payment current =
                                                            tx.lock(payment.id()).orElseThrow();
                                                    tx.update(
                                                            current.refunding(
                                                                    refund(300, NOW), NOW));
                                                    return null;
                                                });
                                return true;
                            } catch (banyan.payment.domain.PaymentException e) {
                                return false;
                            }
                        });
        assertThat(granted.stream().filter(yes -> yes)).hasSize(3);
        assertThat(store().find(payment.id()).orElseThrow().refunded()).isEqualTo(World.eur(900));
    }

    @Test
    void of_many_first_charges_of_an_order_one_is_inserted() throws Exception {
        Payment payment = sending();
        List<Boolean> first = race(8, () -> store().insertFirst(again(payment)));
        assertThat(first.stream().filter(yes -> yes)).hasSize(1);
    }

    @Test
    void many_settling_and_one_closing_at_once_settle_a_charge_at_most_once() throws Exception {
        for (int round = 0; round < 20; round++) {
            Payment payment = sending();
            store().insertFirst(payment);
            AtomicInteger turn = new AtomicInteger();
            List<Boolean> settled =
                    race(
                            6,
                            () -> {
                                if (turn.getAndIncrement() == 3) {
                                    close(payment.orderId());
                                    return false;
                                }
                                return settle(payment.succeeded("ch", NOW), LEASE);
                            });
            long times = settled.stream().filter(yes -> yes).count();
            assertThat(times).isLessThanOrEqualTo(1);
            assertThat(store().find(payment.id()).orElseThrow().state().isPending())
                    .isEqualTo(times == 0);
        }
    }

    @Test
    void of_many_workers_one_gets_a_due_charge() throws Exception {
        inserted(pending(NOW));
        List<Boolean> got =
                race(
                        6,
                        () ->
                                store().<Boolean>inTransaction(
                                                tx -> {
                                                    Optional<Payment> found = tx.lockDueCharge(NOW);
                                                    found.ifPresent(
                                                            each ->
                                                                    tx.update(
                                                                            each.with(
                                                                                    each.pursuit()
                                                                                            .leased(
                                                                                                    new Lease(
                                                                                                            UUID.randomUUID()
                                                                                                                    .toString(),
                                                                                                            NOW
                                                                                                                    .plus(
                                                                                                                            Duration
                                                                                                                                    .ofSeconds(
                                                                                                                                            10)))))));
                                                    return found.isPresent();
                                                }));
        assertThat(got.stream().filter(yes -> yes)).hasSize(1);
    }

    static List<Boolean> race(int racers, java.util.concurrent.Callable<Boolean> run)
            throws Exception {
        ExecutorService threads = Executors.newFixedThreadPool(racers);
        CyclicBarrier start = new CyclicBarrier(racers);
        try {
            List<Future<Boolean>> futures = new ArrayList<>();
            for (int i = 0; i < racers; i++) {
                futures.add(
                        threads.submit(
                                () -> {
                                    start.await(10, TimeUnit.SECONDS);
                                    return run.call();
                                }));
            }
            List<Boolean> results = new ArrayList<>();
            for (Future<Boolean> future : futures) {
                results.add(future.get(20, TimeUnit.SECONDS));
            }
            return results;
        } finally {
            threads.shutdownNow();
        }
    }
}
