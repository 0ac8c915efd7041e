package banyan.payment.platform;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class DatabaseUrlTest {
    @Test
    void credentials_are_decoded_and_kept_out_of_the_url() {
        DatabaseUrl url =
                DatabaseUrl.parse(
                        "postgresql://us%40er:p%2Fa+s%3As@127.0.0.1:15432/payment?sslmode=disable");
        assertThat(url.jdbcUrl())
                .isEqualTo("jdbc:postgresql://127.0.0.1:15432/payment?sslmode=disable");
        assertThat(url.user()).isEqualTo("us@er");
        assertThat(url.password()).isEqualTo("p/a+s:s");
        assertThat(url.toString()).doesNotContain("p/a");
    }

    @Test
    void port_and_password_may_be_left_out() {
        DatabaseUrl url = DatabaseUrl.parse("postgres://payment@db/payment");
        assertThat(url.jdbcUrl()).isEqualTo("jdbc:postgresql://db:5432/payment");
        assertThat(url.password()).isEmpty();
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                "payment",
                "mysql://a:b@c/d",
                "postgres://db/payment",
                "postgres://a:b@db",
                "postgres://a:b@db/ x"
            })
    void anything_else_is_refused_without_repeating_it(String text) {
        assertThatThrownBy(() -> DatabaseUrl.parse(text))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("must be postgres://user:password@host:port/name");
    }
}
