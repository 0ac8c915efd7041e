package banyan.payment.app;

import static banyan.payment.support.Refusals.assertRefused;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import banyan.payment.adapters.InMemoryPaymentStore;
import banyan.payment.domain.Payment;
import banyan.payment.domain.PaymentEvent;
import banyan.payment.domain.PaymentState;
import banyan.payment.support.MoodyProvider.Mood;
import banyan.payment.support.World;
import java.time.Duration;
import org.junit.jupiter.api.Test;

class ChargeOrderTest {
    private final InMemoryPaymentStore store = new InMemoryPaymentStore();
    private final World world = new World(store);
    private final String order = World.newOrder();

    @Test
    void an_accepted_card_is_charged_and_told_of() {
        Payment payment = world.charge(order, "tok_ok");
        assertThat(payment.state()).isInstanceOf(PaymentState.Succeeded.class);
        assertThat(store.events()).containsExactly(new PaymentEvent.Charged(payment));
    }

    @Test
    void a_refused_card_is_declined_and_told_of() {
        Payment payment = world.charge(order, "tok_declined");
        assertThat(payment.state())
                .isInstanceOfSatisfying(
                        PaymentState.Declined.class,
                        state -> assertThat(state.code()).isEqualTo("card_declined"));
        assertThat(store.events()).containsExactly(new PaymentEvent.Failed(payment));
    }

    @Test
    void a_repeat_gives_the_same_payment_without_asking_the_provider() {
        Payment first = world.charge(order, "tok_ok");
        assertThat(world.charge(order, "tok_ok")).isEqualTo(first);
        assertThat(world.provider.chargeRequests).hasValue(1);
        assertThat(store.events()).hasSize(1);
    }

    @Test
    void another_amount_or_token_for_the_same_order_is_refused() {
        world.charge(order, "tok_ok");
        assertRefused("IDEMPOTENCY_KEY_REUSED", () -> world.charge(order, "tok_slow"));
        assertRefused("IDEMPOTENCY_KEY_REUSED", () -> world.charge(order, "tok_ok", 1300));
    }

    @Test
    void an_amount_out_of_range_is_refused_before_anything_is_written() {
        assertRefused("INVALID_ARGUMENT", () -> world.charge(order, "tok_ok", 0));
        assertRefused("INVALID_ARGUMENT", () -> world.charge(order, "tok_ok", 100_000_001));
        assertThat(store.countPending()).isZero();
    }

    @Test
    void a_lost_answer_is_found_by_asking() {
        world.provider.requests = Mood.DOES_AND_LOSES_ANSWER;
        assertThat(world.charge(order, "tok_ok").state())
                .isInstanceOf(PaymentState.Succeeded.class);
        assertThat(world.provider.books.charges()).hasSize(1);
    }

    @Test
    void a_lost_request_leaves_the_payment_pending_and_a_repeat_sends_it_under_the_same_key() {
        world.provider.requests = Mood.LOSES_REQUEST;
        Payment pending = world.charge(order, "tok_ok");
        assertThat(pending.state().isPending()).isTrue();
        world.provider.requests = Mood.WELL;
        assertThat(world.charge(order, "tok_ok").state())
                .isInstanceOf(PaymentState.Succeeded.class);
        assertThat(world.provider.books.charges())
                .singleElement()
                .satisfies(charge -> assertThat(charge.key()).isEqualTo(pending.id()));
    }

    @Test
    void an_unknown_outcome_is_never_sent_again_while_the_provider_does_not_answer_questions() {
        world.provider.requests = Mood.DOES_AND_LOSES_ANSWER;
        world.provider.answersQuestions = false;
        assertThat(world.charge(order, "tok_ok").state().isPending()).isTrue();
        assertThat(world.charge(order, "tok_ok").state().isPending()).isTrue();
        assertThat(world.provider.chargeRequests).hasValue(1);
        world.provider.answersQuestions = true;
        assertThat(world.charge(order, "tok_ok").state())
                .isInstanceOf(PaymentState.Succeeded.class);
        assertThat(world.provider.books.charges()).hasSize(1);
    }

    @Test
    void a_provider_that_was_never_reached_charged_nothing_and_a_repeat_may_try_again() {
        world.provider.requests = Mood.DOWN;
        assertRefused("PROVIDER_UNAVAILABLE", () -> world.charge(order, "tok_ok"));
        assertRefused("PROVIDER_UNAVAILABLE", () -> world.charge(order, "tok_ok"));
        world.provider.requests = Mood.WELL;
        assertThat(world.charge(order, "tok_ok").state())
                .isInstanceOf(PaymentState.Succeeded.class);
    }

    @Test
    void unreachable_after_an_unknown_outcome_is_still_unknown() {
        world.provider.requests = Mood.LOSES_REQUEST;
        world.charge(order, "tok_ok");
        world.provider.requests = Mood.DOWN;
        assertThat(world.charge(order, "tok_ok").state().isPending()).isTrue();
    }

    @Test
    void a_provider_that_answers_with_errors_and_knows_nothing_makes_the_third_call_fail() {
        assertThat(world.charge(order, "tok_error").state().isPending()).isTrue();
        assertThat(world.charge(order, "tok_error").state().isPending()).isTrue();
        Payment failed = world.charge(order, "tok_error");
        assertThat(failed.state()).isInstanceOf(PaymentState.Failed.class);
        assertThat(failed.pursuit().nextAt()).isNull();
        assertThat(store.events()).containsExactly(new PaymentEvent.Failed(failed));
    }

    @Test
    void errors_after_a_lost_request_do_not_make_it_fail() {
        world.provider.requests = Mood.LOSES_REQUEST;
        world.charge(order, "tok_error");
        world.provider.requests = Mood.WELL;
        for (int repeat = 0; repeat < 5; repeat++) {
            assertThat(world.charge(order, "tok_error").state().isPending()).isTrue();
        }
    }

    @Test
    void while_one_call_speaks_to_the_provider_another_answers_pending() {
        world.provider.duringCharge =
                () -> {
                    world.provider.duringCharge = () -> {};
                    assertThat(world.charge(order, "tok_ok").state().isPending()).isTrue();
                };
        assertThat(world.charge(order, "tok_ok").state())
                .isInstanceOf(PaymentState.Succeeded.class);
        assertThat(world.provider.chargeRequests).hasValue(1);
    }

    @Test
    void the_lease_of_a_call_that_died_expires() {
        world.provider.duringCharge =
                () -> {
                    throw new IllegalStateException("killed");
                };
        assertThatThrownBy(() -> world.charge(order, "tok_ok")).hasMessage("killed");
        world.provider.duringCharge = () -> {};
        assertThat(world.charge(order, "tok_ok").state().isPending()).isTrue();
        world.clock.pass(Duration.ofSeconds(11));
        assertThat(world.charge(order, "tok_ok").state())
                .isInstanceOf(PaymentState.Succeeded.class);
    }

    @Test
    void a_closed_order_is_not_charged() {
        assertThat(world.refundOrder(order)).isEmpty();
        assertRefused("PAYMENT_CLOSED", () -> world.charge(order, "tok_ok"));
        assertThat(world.provider.books.charges()).isEmpty();
    }

    @Test
    void an_order_closed_while_it_is_charged_gets_its_money_back() {
        world.provider.duringCharge =
                () -> assertRefused("REFUND_PENDING", () -> world.refundOrder(order));
        assertRefused("PAYMENT_CLOSED", () -> world.charge(order, "tok_ok"));
        assertThat(world.retry.next()).isTrue();
        String charge = world.provider.books.charges().get(0).id();
        assertThat(world.provider.books.refunded(charge)).isEqualTo(1299);
        assertThat(world.refundOrder(order).orElseThrow().refundable().isZero()).isTrue();
    }

    @Test
    void a_command_never_prints_its_token() {
        assertThat(
                        new ChargeOrder.Command(order, World.USER, World.eur(1), "tok_secret")
                                .toString())
                .doesNotContain("tok_secret");
    }
}
