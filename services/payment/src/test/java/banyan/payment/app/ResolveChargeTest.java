package banyan.payment.app;

import static banyan.payment.support.Refusals.assertRefused;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowable;

import banyan.payment.adapters.InMemoryPaymentStore;
import banyan.payment.domain.Payment;
import banyan.payment.domain.PaymentEvent;
import banyan.payment.domain.PaymentState;
import banyan.payment.domain.Refund;
import banyan.payment.support.MoodyProvider.Mood;
import banyan.payment.support.World;
import java.time.Duration;
import org.junit.jupiter.api.Test;

class ResolveChargeTest {
    private final InMemoryPaymentStore store = new InMemoryPaymentStore();
    private final World world = new World(store);
    private final String order = World.newOrder();

    private Payment lost() {
        world.provider.requests = Mood.LOSES_REQUEST;
        return world.charge(order, "tok_ok");
    }

    /** Lets time pass and the worker look, as often as it wants to. */
    private void passing(Duration time) {
        for (long second = 0; second < time.toSeconds(); second++) {
            world.clock.pass(Duration.ofSeconds(1));
            while (world.resolve.next()) {
                assertThat(second).isLessThan(100_000);
            }
        }
    }

    @Test
    void nothing_is_due_before_the_first_few_seconds() {
        lost();
        world.clock.pass(Duration.ofSeconds(2));
        assertThat(world.resolve.next()).isFalse();
    }

    @Test
    void a_charge_whose_answer_was_lost_is_found_without_its_token() {
        world.provider.requests = Mood.DOES_AND_LOSES_ANSWER;
        world.provider.answersQuestions = false;
        Payment pending = world.charge(order, "tok_ok");
        world.provider.answersQuestions = true;
        passing(Duration.ofSeconds(3));
        assertThat(world.find(pending).state()).isInstanceOf(PaymentState.Succeeded.class);
        assertThat(store.events()).hasSize(1);
    }

    @Test
    void what_the_provider_does_not_know_fails_only_when_no_request_can_be_in_flight() {
        Payment pending = lost();
        passing(Duration.ofSeconds(19));
        assertThat(world.find(pending).state().isPending()).isTrue();
        passing(Duration.ofSeconds(30));
        assertThat(world.find(pending).state()).isInstanceOf(PaymentState.Failed.class);
        assertThat(store.events()).singleElement().isInstanceOf(PaymentEvent.Failed.class);
    }

    @Test
    void nothing_fails_while_the_provider_gives_no_answer() {
        Payment pending = lost();
        world.provider.answersQuestions = false;
        passing(Duration.ofMinutes(10));
        assertThat(world.find(pending).state().isPending()).isTrue();
    }

    @Test
    void a_charge_that_comes_to_light_after_it_was_given_up_is_paid_back() {
        Payment pending = lost();
        passing(Duration.ofSeconds(50));
        world.provider.books.charge(pending.id(), World.eur(1299), "tok_ok", order, World.soon());
        passing(Duration.ofMinutes(3));
        Payment late = world.find(pending);
        assertThat(late.state()).isInstanceOf(PaymentState.Failed.class);
        assertThat(late.refunds())
                .singleElement()
                .satisfies(
                        refund -> {
                            assertThat(refund.reason()).isEqualTo("LATE_CHARGE");
                            assertThat(refund.amount()).isEqualTo(World.eur(1299));
                        });
        world.provider.requests = Mood.WELL;
        assertThat(world.retry.next()).isTrue();
        assertThat(world.provider.books.refunded(world.provider.books.charges().get(0).id()))
                .isEqualTo(1299);
    }

    @Test
    void audits_of_a_failed_charge_end() {
        Payment pending = lost();
        passing(Duration.ofSeconds(50));
        for (int day = 0; day < 3; day++) {
            for (int hour = 0; hour < 24 * 60; hour++) {
                world.clock.pass(Duration.ofMinutes(1));
                world.resolve.next();
            }
        }
        assertThat(world.find(pending).pursuit().nextAt()).isNull();
    }

    @Test
    void a_crash_between_the_providers_effect_and_its_record_leads_to_one_charge() {
        world.provider.duringCharge =
                () -> {
                    world.provider.duringCharge = () -> {};
                    Payment sent =
                            store.list(
                                            new PaymentStore.Query(
                                                    java.util.Optional.empty(),
                                                    java.util.Optional.of(order),
                                                    java.util.Optional.empty(),
                                                    1))
                                    .get(0);
                    world.provider.books.charge(
                            sent.id(), sent.amount(), "tok_ok", order, World.soon());
                    throw new IllegalStateException("killed");
                };
        assertThat(catchThrowable(() -> world.charge(order, "tok_ok"))).hasMessage("killed");
        passing(Duration.ofSeconds(15));
        assertThat(world.charge(order, "tok_ok").state())
                .isInstanceOf(PaymentState.Succeeded.class);
        assertThat(world.provider.books.charges()).hasSize(1);
        assertThat(store.events()).hasSize(1);
    }

    @Test
    void resolving_a_charge_of_a_closed_order_pays_it_back_though_nobody_calls_again() {
        world.provider.requests = Mood.DOES_AND_LOSES_ANSWER;
        world.provider.answersQuestions = false;
        Payment pending = world.charge(order, "tok_ok");
        assertRefused("REFUND_PENDING", () -> world.refundOrder(order));
        world.provider.answersQuestions = true;
        world.provider.requests = Mood.WELL;
        passing(Duration.ofSeconds(10));
        assertThat(world.retry.next()).isTrue();
        assertThat(world.find(pending).refunds())
                .singleElement()
                .extracting(Refund::state)
                .isEqualTo(Refund.State.SUCCEEDED);
    }
}
