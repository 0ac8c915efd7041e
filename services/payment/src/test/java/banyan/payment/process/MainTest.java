package banyan.payment.process;

import static banyan.payment.rpc.Client.charge;
import static org.assertj.core.api.Assertions.assertThat;

import banyan.payment.rpc.Client;
import banyan.payment.support.Child;
import banyan.payment.support.Eventually;
import banyan.payment.support.Postgres;
import banyan.payment.support.Servers;
import banyan.payment.support.World;
import banyan.payment.v1.Payment;
import banyan.payment.v1.PaymentServiceGrpc;
import banyan.payment.v1.PaymentState;
import java.nio.file.Path;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/**
 * The real process on a real database, against the provider's stand-in: started, killed, drained.
 */
class MainTest {
    private static final String TOKEN = "tok_timeout_after_charge";
    private static Servers.Provider provider;
    private static String database;

    @BeforeAll
    static void start() {
        provider = Servers.provider();
        database = Postgres.database();
    }

    @AfterAll
    static void stop() {
        provider.close();
    }

    private static Child service(Map<String, String> more) {
        Map<String, String> env =
                new HashMap<>(
                        Map.of(
                                "PAYMENT_DATABASE_URL", database,
                                "PAYMENT_PROVIDER_URL", provider.url().toString(),
                                "PAYMENT_GRPC_LISTEN", "127.0.0.1:0",
                                "PAYMENT_ADMIN_LISTEN", "127.0.0.1:0",
                                "PAYMENT_LOG_LEVEL", "debug",
                                "NATS_URL", "nats://127.0.0.1:1"));
        env.putAll(more);
        String java = Path.of(System.getProperty("java.home"), "bin", "java").toString();
        return Child.start(
                List.of(
                        java,
                        "-Xmx96m",
                        "-XX:+UseSerialGC",
                        "-XX:TieredStopAtLevel=1",
                        "-Xss512k",
                        "-cp",
                        System.getProperty("java.class.path"),
                        "banyan.payment.Main"),
                env);
    }

    private static Client client(Child service) {
        return new Client(service.event("ready").get("grpc").getAsString());
    }

    private static Payment chargeUntilFinal(Client client, String order) {
        Payment[] last = new Payment[1];
        Eventually.holds(
                Duration.ofSeconds(30),
                () -> {
                    last[0] = client.stub().charge(charge(order, World.USER, TOKEN)).getPayment();
                    return last[0].getState() != PaymentState.PAYMENT_STATE_PENDING;
                });
        return last[0];
    }

    @Test
    void it_works_without_a_broker_and_drains_to_exit_code_0_with_clean_logs() {
        try (Child service = service(Map.of());
                Client client = client(service)) {
            String order = World.newOrder();
            Payment payment =
                    client.stub().charge(charge(order, World.USER, "tok_ok")).getPayment();
            assertThat(payment.getState()).isEqualTo(PaymentState.PAYMENT_STATE_SUCCEEDED);
            assertThat(provider.charges(order)).isEqualTo(1);
            service.terminate();
            assertThat(service.exitCode(Duration.ofSeconds(20))).isZero();
            String output = String.join("\n", service.output());
            assertThat(output)
                    .contains("\"event\":\"stopped\"")
                    .contains("\"event\":\"broker is away; events wait\"");
            assertThat(output).doesNotContain("tok_ok").doesNotContain("unused@");
        }
    }

    @Test
    void killed_between_the_providers_effect_and_its_record_it_charges_once() {
        String order = World.newOrder();
        try (Child first = service(Map.of());
                Client client = client(first)) {
            var call =
                    PaymentServiceGrpc.newFutureStub(client.channel())
                            .withDeadlineAfter(10, TimeUnit.SECONDS)
                            .charge(charge(order, World.USER, TOKEN));
            // The provider has done it and keeps its answer back: the record can't be there yet.
            Eventually.holds(Duration.ofSeconds(20), () -> provider.charges(order) == 1);
            first.kill();
            assertThat(call).isNotNull();
        }
        try (Child second = service(Map.of());
                Client client = client(second)) {
            assertThat(chargeUntilFinal(client, order).getState())
                    .isEqualTo(PaymentState.PAYMENT_STATE_SUCCEEDED);
            assertThat(provider.charges(order)).isEqualTo(1);
        }
    }

    @Test
    void bad_settings_end_it_with_code_2_and_every_problem() {
        try (Child service =
                service(Map.of("PAYMENT_DATABASE_URL", "", "PAYMENT_DATABASE_POOL_MAX", "0"))) {
            assertThat(service.exitCode(Duration.ofSeconds(20))).isEqualTo(2);
            service.line(line -> line.contains("PAYMENT_DATABASE_URL: required, not set"));
            service.line(line -> line.contains("PAYMENT_DATABASE_POOL_MAX: must be from 1 to 200"));
        }
    }

    @Test
    void a_port_in_use_ends_it_with_code_1() {
        try (Child first = service(Map.of())) {
            String taken = first.event("ready").get("grpc").getAsString();
            try (Child second = service(Map.of("PAYMENT_GRPC_LISTEN", taken))) {
                assertThat(second.exitCode(Duration.ofSeconds(20))).isEqualTo(1);
            }
        }
    }
}
