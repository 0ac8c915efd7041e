package banyan.payment.app;

import static banyan.payment.support.Refusals.assertRefused;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import banyan.payment.adapters.InMemoryPaymentStore;
import banyan.payment.domain.Payment;
import banyan.payment.domain.PaymentEvent;
import banyan.payment.domain.PaymentState;
import banyan.payment.domain.Refund;
import banyan.payment.support.MoodyProvider.Mood;
import banyan.payment.support.World;
import java.time.Duration;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;

class RefundTest {
    private final InMemoryPaymentStore store = new InMemoryPaymentStore();
    private final World world = new World(store);
    private final String order = World.newOrder();

    private long paidBack() {
        return world.provider.books.refunded(world.provider.books.charges().get(0).id());
    }

    @Test
    void a_charge_is_paid_back_in_parts_and_never_more() {
        Payment payment = world.charge(order, "tok_ok");
        assertThat(world.refund(payment.id(), 300, "a")).endsWith("SUCCEEDED");
        assertThat(world.refund(payment.id(), 900, "b")).endsWith("SUCCEEDED");
        assertRefused("REFUND_EXCEEDS_CHARGE", () -> world.refund(payment.id(), 100, "c"));
        assertThat(paidBack()).isEqualTo(1200);
        assertThat(store.events().stream().filter(event -> event instanceof PaymentEvent.Refunded))
                .hasSize(2);
    }

    @Test
    void a_repeat_gives_the_first_answer_and_pays_nothing() {
        Payment payment = world.charge(order, "tok_ok");
        String first = world.refund(payment.id(), 300, "a");
        assertThat(world.refund(payment.id(), 300, "a")).isEqualTo(first);
        assertThat(paidBack()).isEqualTo(300);
        assertRefused("IDEMPOTENCY_KEY_REUSED", () -> world.refund(payment.id(), 301, "a"));
    }

    @Test
    void a_repeat_while_the_first_is_with_the_provider_is_told_so() {
        Payment payment = world.charge(order, "tok_ok");
        AtomicInteger repeats = new AtomicInteger();
        world.provider.duringRefund =
                () -> {
                    repeats.incrementAndGet();
                    assertRefused(
                            "REQUEST_IN_PROGRESS", () -> world.refund(payment.id(), 300, "a"));
                };
        String first = world.refund(payment.id(), 300, "a");
        assertThat(first).endsWith("SUCCEEDED");
        assertThat(world.refund(payment.id(), 300, "a")).isEqualTo(first);
        assertThat(repeats).hasValue(1);
        assertThat(paidBack()).isEqualTo(300);
    }

    @Test
    void a_repeat_after_the_first_died_with_the_provider_gets_what_was_recorded() {
        Payment payment = world.charge(order, "tok_ok");
        world.provider.duringRefund =
                () -> {
                    throw new IllegalStateException("killed");
                };
        assertThatThrownBy(() -> world.refund(payment.id(), 300, "a")).hasMessage("killed");
        world.provider.duringRefund = () -> {};
        assertRefused("REQUEST_IN_PROGRESS", () -> world.refund(payment.id(), 300, "a"));
        world.clock.pass(Duration.ofSeconds(3));
        assertThat(world.refund(payment.id(), 300, "a")).endsWith("PENDING");
        world.clock.pass(Duration.ofMinutes(1));
        assertThat(world.retry.next()).isTrue();
        assertThat(paidBack()).isEqualTo(300);
    }

    @Test
    void a_refused_refund_keeps_no_answer() {
        Payment payment = world.charge(order, "tok_ok");
        assertRefused("REFUND_EXCEEDS_CHARGE", () -> world.refund(payment.id(), 2000, "a"));
        assertThat(world.refund(payment.id(), 300, "a")).endsWith("SUCCEEDED");
    }

    @Test
    void a_refund_without_an_answer_counts_and_is_retried_until_there_is_one() {
        Payment payment = world.charge(order, "tok_ok");
        world.provider.requests = Mood.DOES_AND_LOSES_ANSWER;
        assertThat(world.refund(payment.id(), 1000, "a")).endsWith("PENDING");
        assertRefused("REFUND_EXCEEDS_CHARGE", () -> world.refund(payment.id(), 300, "b"));
        for (int minute = 0; minute < 60; minute++) {
            world.clock.pass(Duration.ofMinutes(1));
            assertThat(world.retry.next()).isTrue();
        }
        world.provider.requests = Mood.WELL;
        world.clock.pass(Duration.ofMinutes(1));
        assertThat(world.retry.next()).isTrue();
        assertThat(world.retry.next()).isFalse();
        assertThat(world.find(payment).refunds())
                .singleElement()
                .extracting(Refund::state)
                .isEqualTo(Refund.State.SUCCEEDED);
        assertThat(paidBack()).isEqualTo(1000);
    }

    @Test
    void retries_back_off() {
        Payment payment = world.charge(order, "tok_ok");
        world.provider.requests = Mood.DOWN;
        world.refund(payment.id(), 1000, "a");
        int tries = 0;
        for (int second = 0; second < 300; second++) {
            world.clock.pass(Duration.ofSeconds(1));
            tries += world.retry.next() ? 1 : 0;
        }
        assertThat(tries).isBetween(10, 20);
    }

    @Test
    void an_order_is_paid_back_whole_once() {
        Payment payment = world.charge(order, "tok_ok");
        world.refund(payment.id(), 300, "a");
        assertThat(world.refundOrder(order).orElseThrow().refundable().isZero()).isTrue();
        assertThat(world.refundOrder(order).orElseThrow().refunds()).hasSize(2);
        assertThat(paidBack()).isEqualTo(1299);
        assertRefused("PAYMENT_CLOSED", () -> world.charge(order, "tok_ok"));
    }

    @Test
    void a_declined_order_has_nothing_to_pay_back() {
        world.charge(order, "tok_declined");
        Payment payment = world.refundOrder(order).orElseThrow();
        assertThat(payment.state()).isInstanceOf(PaymentState.Declined.class);
        assertThat(payment.refunds()).isEmpty();
    }

    @Test
    void an_orders_refund_that_can_not_be_sent_is_pending_and_a_repeat_goes_on() {
        world.charge(order, "tok_ok");
        world.provider.requests = Mood.DOWN;
        assertRefused("REFUND_PENDING", () -> world.refundOrder(order));
        world.provider.requests = Mood.WELL;
        assertThat(world.refundOrder(order).orElseThrow().refunds()).hasSize(1);
        assertThat(paidBack()).isEqualTo(1299);
    }

    @Test
    void a_lost_charge_is_resolved_before_its_order_is_paid_back() {
        world.provider.requests = Mood.DOES_AND_LOSES_ANSWER;
        world.provider.answersQuestions = false;
        world.charge(order, "tok_ok");
        world.provider.requests = Mood.WELL;
        world.provider.answersQuestions = true;
        assertThat(world.refundOrder(order).orElseThrow().refundable().isZero()).isTrue();
        assertThat(paidBack()).isEqualTo(1299);
    }

    @Test
    void a_charge_that_certainly_never_happened_closes_as_failed() {
        world.provider.requests = Mood.DOWN;
        assertRefused("PROVIDER_UNAVAILABLE", () -> world.charge(order, "tok_ok"));
        Payment payment = world.refundOrder(order).orElseThrow();
        assertThat(payment.state()).isInstanceOf(PaymentState.Failed.class);
        assertThat(world.provider.books.charges()).isEmpty();
    }

    @Test
    void a_payment_that_does_not_exist_is_not_found() {
        assertRefused("PAYMENT_NOT_FOUND", () -> world.refund(World.newOrder(), 1, "a"));
    }
}
