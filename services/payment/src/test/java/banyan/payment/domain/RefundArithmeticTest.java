package banyan.payment.domain;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Instant;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Whatever refunds are asked for, granted and refused, in any order: never more back than was
 * taken.
 */
class RefundArithmeticTest {
    private static final Instant NOW = Instant.parse("2026-05-01T10:00:00Z");

    @ParameterizedTest
    @ValueSource(longs = {1, 2, 3, 5, 8, 13, 21, 34})
    void refunds_never_add_up_to_more_than_the_charge(long seed) {
        Random random = new Random(seed);
        for (int run = 0; run < 200; run++) {
            Payment payment = PaymentTest.pending(1 + random.nextInt(10_000)).succeeded("ch", NOW);
            for (int step = 0; step < 30; step++) {
                payment = random.nextBoolean() ? ask(payment, random) : answer(payment, random);
                check(payment);
            }
        }
    }

    private static Payment ask(Payment payment, Random random) {
        long minor = random.nextInt(6_000);
        boolean fits = minor > 0 && minor <= payment.refundable().minorUnits();
        try {
            Payment more = payment.refunding(PaymentTest.refund(minor), NOW);
            assertThat(fits).isTrue();
            return more;
        } catch (PaymentException e) {
            assertThat(fits).isFalse();
            assertThat(e.reason()).isEqualTo("REFUND_EXCEEDS_CHARGE");
            return payment;
        }
    }

    private static Payment answer(Payment payment, Random random) {
        List<Refund> open = payment.refunds().stream().filter(Refund::isPending).toList();
        if (open.isEmpty()) {
            return payment;
        }
        boolean granted = random.nextInt(3) > 0;
        String id = open.get(random.nextInt(open.size())).id();
        return payment.changing(
                id, each -> granted ? each.succeeded("re", NOW) : each.failed(NOW), NOW);
    }

    private static void check(Payment payment) {
        long counted =
                payment.refunds().stream()
                        .filter(Refund::isCounted)
                        .mapToLong(each -> each.amount().minorUnits())
                        .sum();
        assertThat(payment.refunded().minorUnits())
                .isEqualTo(counted)
                .isBetween(0L, payment.amount().minorUnits());
        assertThat(payment.refunded().plus(payment.refundable())).isEqualTo(payment.amount());
    }
}
