package banyan.payment.config;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.time.Duration;
import java.util.HashMap;
import java.util.Map;
import org.junit.jupiter.api.Test;

class SettingsTest {
    private static Map<String, String> good() {
        return new HashMap<>(
                Map.of(
                        "PAYMENT_DATABASE_URL", "postgres://payment:hunter2@db:5432/payment",
                        "PAYMENT_PROVIDER_URL", "http://provider:8080"));
    }

    @Test
    void what_is_required_is_enough() {
        Settings settings = Settings.fromEnv(good());
        assertThat(settings.grpcListen().getPort()).isEqualTo(50051);
        assertThat(settings.adminListen().getPort()).isEqualTo(9090);
        assertThat(settings.poolMax()).isEqualTo(8);
        assertThat(settings.maxConnectionAge()).isEqualTo(Duration.ofSeconds(60));
        assertThat(settings.database().jdbcUrl()).isEqualTo("jdbc:postgresql://db:5432/payment");
    }

    @Test
    void every_problem_is_in_one_report_and_no_value_is_in_it() {
        Map<String, String> bad = new HashMap<>();
        bad.put("PAYMENT_DATABASE_URL", "mysql://a:hunter2@db/x");
        bad.put("PAYMENT_DATABASE_POOL_MAX", "many");
        bad.put("PAYMENT_GRPC_LISTEN", "nowhere");
        bad.put("PAYMENT_LOG_LEVEL", "loud");
        bad.put("BANYAN_ENVIRONMENT", "production");
        bad.put("BANYAN_CLOCK_OFFSET_S", "60");
        bad.put("PAYMENT_SETTLE_S", "0");
        assertThatThrownBy(() -> Settings.fromEnv(bad))
                .isInstanceOf(SettingsException.class)
                .hasMessageContainingAll(
                        "7 setting(s) to fix",
                        "PAYMENT_DATABASE_URL: must be postgres://",
                        "PAYMENT_DATABASE_POOL_MAX: must be a number",
                        "PAYMENT_GRPC_LISTEN: must be host:port",
                        "PAYMENT_LOG_LEVEL: must be one of",
                        "PAYMENT_PROVIDER_URL: required, not set",
                        "BANYAN_CLOCK_OFFSET_S: must be 0 in production",
                        "PAYMENT_SETTLE_S: must be from")
                .hasMessageNotContaining("hunter2")
                .hasMessageNotContaining("loud");
    }

    @Test
    void a_request_can_not_be_settled_before_it_times_out() {
        Map<String, String> env = good();
        env.put("PAYMENT_PROVIDER_TIMEOUT_S", "5");
        env.put("PAYMENT_SETTLE_S", "5");
        assertThatThrownBy(() -> Settings.fromEnv(env))
                .hasMessageContaining("PAYMENT_SETTLE_S: must be longer than");
    }

    @Test
    void secrets_print_as_stars() {
        Map<String, String> env = good();
        env.put("NATS_URL", "nats://user:hunter2@nats:4222");
        Settings settings = Settings.fromEnv(env);
        assertThat(settings.described().toString())
                .doesNotContain("hunter2")
                .contains("nats://***@nats:4222");
        assertThat(settings.described()).containsEntry("database_url", "***");
        assertThat(settings.toString()).doesNotContain("hunter2@db");
    }
}
