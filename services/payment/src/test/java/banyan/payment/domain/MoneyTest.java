package banyan.payment.domain;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;

class MoneyTest {
    @Test
    void amounts_of_one_currency_add_and_subtract() {
        assertThat(new Money(500, "EUR").plus(new Money(99, "EUR")))
                .isEqualTo(new Money(599, "EUR"));
        assertThat(new Money(500, "EUR").minus(new Money(500, "EUR")).isZero()).isTrue();
    }

    @Test
    void currencies_do_not_mix_and_nothing_is_negative() {
        Money euros = new Money(500, "EUR");
        assertThatThrownBy(() -> euros.plus(new Money(1, "USD")))
                .isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> euros.minus(new Money(501, "EUR")))
                .isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> euros.plus(new Money(Long.MAX_VALUE, "EUR")))
                .isInstanceOf(ArithmeticException.class);
    }
}
