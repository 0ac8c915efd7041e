package banyan.payment.domain;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.time.Instant;
import java.util.List;
import java.util.UUID;
import org.junit.jupiter.api.Test;

class PaymentTest {
    private static final Instant NOW = Instant.parse("2026-05-01T10:00:00Z");

    static Payment pending(long minor) {
        return new Payment(
                UUID.randomUUID().toString(),
                UUID.randomUUID().toString(),
                UUID.randomUUID().toString(),
                "f",
                new Money(minor, "EUR"),
                PaymentState.PENDING,
                Pursuit.from(NOW),
                List.of(),
                NOW,
                NOW);
    }

    static Refund refund(long minor) {
        return Refund.asked(
                UUID.randomUUID().toString(),
                new Money(minor, "EUR"),
                "STAFF",
                Pursuit.from(NOW),
                NOW);
    }

    @Test
    void final_states_are_final() {
        for (Payment done :
                List.of(
                        pending(5).succeeded("ch", NOW),
                        pending(5).declined("ch", "card_declined", NOW),
                        pending(5).failed(null, NOW))) {
            assertThatThrownBy(() -> done.succeeded("other", NOW))
                    .isInstanceOf(IllegalStateException.class);
            assertThatThrownBy(() -> done.declined("other", "x", NOW))
                    .isInstanceOf(IllegalStateException.class);
            assertThatThrownBy(() -> done.failed(null, NOW))
                    .isInstanceOf(IllegalStateException.class);
            assertThat(done.pursuit().nextAt()).isNull();
        }
    }

    @Test
    void only_a_failed_charge_can_come_to_light_late() {
        assertThat(pending(5).failed(null, NOW).chargedLate("ch", NOW).refundable())
                .isEqualTo(new Money(5, "EUR"));
        assertThatThrownBy(() -> pending(5).succeeded("ch", NOW).chargedLate("ch", NOW))
                .isInstanceOf(IllegalStateException.class);
    }

    @Test
    void nothing_is_paid_back_of_what_was_not_taken() {
        for (Payment none :
                List.of(
                        pending(5),
                        pending(5).declined("ch", "x", NOW),
                        pending(5).failed(null, NOW))) {
            assertThatThrownBy(() -> none.refunding(refund(1), NOW))
                    .isInstanceOfSatisfying(
                            PaymentException.class,
                            e -> assertThat(e.reason()).isEqualTo("PAYMENT_NOT_CHARGED"));
        }
    }

    @Test
    void a_refund_in_another_currency_or_of_nothing_is_refused() {
        Payment paid = pending(500).succeeded("ch", NOW);
        Refund dollars = Refund.asked("r", new Money(1, "USD"), "STAFF", Pursuit.from(NOW), NOW);
        assertThatThrownBy(() -> paid.refunding(dollars, NOW)).isInstanceOf(PaymentException.class);
        assertThatThrownBy(() -> paid.refunding(refund(0), NOW))
                .isInstanceOf(PaymentException.class);
    }

    @Test
    void a_refund_that_the_provider_refused_gives_its_part_back() {
        Payment paid = pending(500).succeeded("ch", NOW).refunding(refund(500), NOW);
        String id = paid.refunds().get(0).id();
        assertThat(paid.refundable().isZero()).isTrue();
        Payment refused = paid.changing(id, each -> each.failed(NOW), NOW);
        assertThat(refused.refundable()).isEqualTo(new Money(500, "EUR"));
        assertThatThrownBy(() -> refused.changing(id, each -> each.succeeded("re", NOW), NOW))
                .isInstanceOf(IllegalStateException.class);
    }
}
