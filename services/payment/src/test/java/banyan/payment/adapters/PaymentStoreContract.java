package banyan.payment.adapters;

import static banyan.payment.support.Refusals.assertRefused;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import banyan.payment.app.PaymentStore.Query;
import banyan.payment.app.PaymentStore.Request;
import banyan.payment.domain.Payment;
import banyan.payment.domain.Pursuit;
import banyan.payment.domain.Pursuit.Lease;
import banyan.payment.support.World;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.UUID;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.Test;

/** What every store must do; one subclass per adapter. */
abstract class PaymentStoreContract extends PaymentStoreRaces {
    @Test
    void a_payment_comes_back_as_it_was_written() {
        Lease lease = new Lease(UUID.randomUUID().toString(), NOW.plusSeconds(10));
        Payment payment = inserted(pending(NOW)).with(Pursuit.from(NOW).sending(lease, NOW));
        update(payment);
        assertThat(store().find(payment.id())).contains(payment);
        Payment refunded =
                payment.succeeded("ch_1", NOW)
                        .refunding(refund(300, NOW), NOW)
                        .refunding(refund(200, NOW).succeeded("re_1", NOW), NOW);
        update(refunded);
        assertThat(store().find(payment.id()).orElseThrow())
                .usingRecursiveComparison()
                .ignoringCollectionOrder()
                .isEqualTo(refunded);
        for (Payment end :
                List.of(
                        pending(NOW).declined("ch", "card_declined", NOW),
                        pending(NOW).failed(null, NOW))) {
            assertThat(store().find(inserted(end).id())).contains(end);
        }
    }

    @Test
    void nothing_remains_of_a_transaction_that_throws() {
        Payment payment = pending(NOW);
        assertThatThrownBy(
                        () ->
                                store().inTransaction(
                                                tx -> {
                                                    tx.lockOrder(payment.orderId());
                                                    tx.closeOrder(payment.orderId(), "WHY", NOW);
                                                    tx.insert(payment);
                                                    throw new IllegalStateException("rolled back");
                                                }))
                .hasMessage("rolled back");
        assertThat(store().find(payment.id())).isEmpty();
        assertThat(store().<Optional<String>>inTransaction(tx -> tx.lockOrder(payment.orderId())))
                .isEmpty();
    }

    @Test
    void an_order_stays_closed_for_its_first_reason() {
        String order = World.newOrder();
        for (String reason : List.of("FIRST", "SECOND")) {
            store().inTransaction(
                            tx -> {
                                tx.lockOrder(order);
                                tx.closeOrder(order, reason, NOW);
                                return null;
                            });
        }
        assertThat(store().<Optional<String>>inTransaction(tx -> tx.lockOrder(order)))
                .contains("FIRST");
    }

    @Test
    void only_the_first_payment_of_an_untouched_order_is_inserted_in_one_step() {
        Payment payment = sending();
        assertThat(store().insertFirst(payment)).isTrue();
        assertThat(store().find(payment.id())).contains(payment);
        assertThat(store().insertFirst(again(payment))).isFalse();
        Payment closed = sending();
        close(closed.orderId());
        assertThat(store().insertFirst(closed)).isFalse();
        assertThat(store().find(closed.id())).isEmpty();
    }

    @Test
    void a_charge_is_settled_with_its_event_by_the_holder_of_its_lease() {
        Payment payment = sending();
        store().insertFirst(payment);
        Payment charged = payment.succeeded("ch_1", NOW.plusSeconds(1));
        Lease other = new Lease(UUID.randomUUID().toString(), NOW.plusSeconds(10));
        assertThat(settle(charged, other)).isFalse();
        assertThat(store().find(payment.id())).contains(payment);
        assertThat(events()).isZero();
        assertThat(settle(charged, LEASE)).isTrue();
        assertThat(store().find(payment.id())).contains(charged);
        assertThat(events()).isEqualTo(1);
        assertThat(settle(payment.declined("ch_1", "late", NOW), LEASE)).isFalse();
        assertThat(store().find(payment.id())).contains(charged);
        assertThat(events()).isEqualTo(1);
    }

    @Test
    void every_outcome_of_a_charge_is_settled_as_it_is() {
        for (UnaryOperator<Payment> outcome :
                List.<UnaryOperator<Payment>>of(
                        each -> each.succeeded("ch_1", NOW.plusSeconds(1)),
                        each -> each.declined("ch_1", "card_declined", NOW.plusSeconds(1)),
                        each -> each.failed(null, NOW.plusSeconds(1)))) {
            Payment payment = sending();
            store().insertFirst(payment);
            Payment settled = outcome.apply(payment);
            assertThat(settle(settled, LEASE)).isTrue();
            assertThat(store().find(payment.id())).contains(settled);
        }
    }

    @Test
    void a_charge_of_a_closed_order_is_not_settled_in_one_step() {
        Payment payment = sending();
        store().insertFirst(payment);
        close(payment.orderId());
        assertThat(settle(payment.succeeded("ch_1", NOW), LEASE)).isFalse();
        assertThat(store().find(payment.id())).contains(payment);
        assertThat(events()).isZero();
    }

    @Test
    void an_order_has_one_payment() {
        Payment payment = inserted(pending(NOW));
        Payment second = again(payment);
        assertThatThrownBy(() -> inserted(second)).isInstanceOf(RuntimeException.class);
        assertThat(
                        store().<Optional<Payment>>inTransaction(
                                        tx -> tx.lockByOrder(payment.orderId())))
                .contains(payment);
    }

    @Test
    void a_charge_is_due_when_its_time_has_come_and_nobody_holds_it() {
        assertThat(due()).isEmpty();
        Payment later = inserted(pending(NOW.plusSeconds(60)));
        assertThat(due()).isEmpty();
        Payment payment = inserted(pending(NOW.minusSeconds(1)));
        assertThat(due()).contains(payment);
        update(
                payment.with(
                        payment.pursuit()
                                .leased(
                                        new Lease(
                                                UUID.randomUUID().toString(),
                                                NOW.plusSeconds(1)))));
        assertThat(due()).isEmpty();
        update(
                payment.with(
                        payment.pursuit().leased(new Lease(UUID.randomUUID().toString(), NOW))));
        assertThat(due()).isPresent();
        update(payment.succeeded("ch", NOW));
        update(later.declined("ch", "x", NOW));
        assertThat(due()).isEmpty();
    }

    private Optional<Payment> due() {
        return store().inTransaction(tx -> tx.lockDueCharge(NOW));
    }

    @Test
    void a_refund_is_due_likewise() {
        Payment payment =
                inserted(pending(NOW))
                        .succeeded("ch", NOW)
                        .refunding(refund(10, NOW.plusSeconds(9)), NOW);
        update(payment);
        assertThat(store().<Optional<Payment>>inTransaction(tx -> tx.lockDueRefund(NOW))).isEmpty();
        Payment due = payment.refunding(refund(20, NOW), NOW);
        update(due);
        assertThat(
                        store().<Optional<Payment>>inTransaction(tx -> tx.lockDueRefund(NOW))
                                .map(Payment::id))
                .contains(payment.id());
        String id = due.refunds().get(1).id();
        update(due.changing(id, each -> each.succeeded("re", NOW), NOW));
        assertThat(store().<Optional<Payment>>inTransaction(tx -> tx.lockDueRefund(NOW))).isEmpty();
        assertThat(store().countPending()).isEqualTo(1);
    }

    @Test
    void a_first_answer_is_kept_for_the_same_request_only() {
        String id = UUID.randomUUID().toString();
        Request request = new Request("user-1", "RefundPayment", id, new byte[] {1});
        store().inTransaction(
                        tx -> {
                            assertThat(tx.firstAnswer(request, NOW)).isEmpty();
                            tx.keepAnswer(request, new byte[] {7});
                            return null;
                        });
        assertThat(answer(request))
                .hasValueSatisfying(bytes -> assertThat(bytes).containsExactly(7));
        assertRefused(
                "IDEMPOTENCY_KEY_REUSED",
                () -> answer(new Request("user-1", "RefundPayment", id, new byte[] {2})));
        assertThat(answer(new Request("user-2", "RefundPayment", id, new byte[] {2}))).isEmpty();
    }

    @Test
    void a_request_that_runs_has_no_answer_yet_and_one_that_died_has_what_it_left() {
        String id = UUID.randomUUID().toString();
        Request request = new Request("user-1", "RefundPayment", id, new byte[] {1});
        store().inTransaction(
                        tx -> {
                            assertThat(tx.firstAnswer(request, NOW)).isEmpty();
                            tx.keepAnswerMeanwhile(request, new byte[] {7}, NOW.plusSeconds(5));
                            return null;
                        });
        assertRefused("REQUEST_IN_PROGRESS", () -> answer(request));
        assertRefused(
                "IDEMPOTENCY_KEY_REUSED",
                () -> answer(new Request("user-1", "RefundPayment", id, new byte[] {2})));
        assertThat(answer(request, NOW.plusSeconds(5)))
                .hasValueSatisfying(bytes -> assertThat(bytes).containsExactly(7));
        store().inTransaction(
                        tx -> {
                            tx.keepAnswer(request, new byte[] {8});
                            return null;
                        });
        assertThat(answer(request))
                .hasValueSatisfying(bytes -> assertThat(bytes).containsExactly(8));
    }

    private Optional<byte[]> answer(Request request) {
        return answer(request, NOW);
    }

    private Optional<byte[]> answer(Request request, Instant now) {
        return store().inTransaction(tx -> tx.firstAnswer(request, now));
    }

    @Test
    void lists_are_newest_first_and_filtered() {
        List<Payment> mine = new ArrayList<>();
        for (int i = 0; i < 3; i++) {
            Payment each = pending(NOW);
            mine.add(
                    inserted(
                            new Payment(
                                    String.format("0000000%d-0000-7000-8000-000000000000", i),
                                    each.orderId(),
                                    World.USER,
                                    "f",
                                    each.amount(),
                                    each.state(),
                                    each.pursuit(),
                                    List.of(),
                                    NOW,
                                    NOW)));
        }
        inserted(pending(NOW));
        Optional<String> user = Optional.of(World.USER);
        Optional<String> none = Optional.empty();
        assertThat(store().list(new Query(user, none, none, 2)))
                .containsExactly(mine.get(2), mine.get(1));
        assertThat(store().list(new Query(user, none, Optional.of(mine.get(1).id()), 9)))
                .containsExactly(mine.get(0));
        assertThat(store().list(new Query(user, Optional.of(mine.get(1).orderId()), none, 9)))
                .containsExactly(mine.get(1));
        assertThat(store().list(new Query(none, none, none, 9))).hasSize(4);
    }
}
