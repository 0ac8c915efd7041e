package banyan.payment.adapters;

import static org.assertj.core.api.Assertions.assertThat;

import banyan.payment.app.Deadline;
import banyan.payment.app.PaymentProvider;
import banyan.payment.app.PaymentProvider.ChargeOutcome;
import banyan.payment.app.PaymentProvider.Found;
import banyan.payment.app.PaymentProvider.NoAnswer;
import banyan.payment.app.PaymentProvider.NotCharged;
import banyan.payment.app.PaymentProvider.RefundUnknown;
import banyan.payment.app.PaymentProvider.Refused;
import banyan.payment.app.PaymentProvider.Unknown;
import banyan.payment.support.Scripted;
import banyan.payment.support.Servers;
import banyan.payment.support.World;
import java.net.URI;
import java.time.Duration;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** Against the stand-in's real process. */
class HttpPaymentProviderTest extends PaymentProviderContract {
    private static Servers.Provider standIn;

    @BeforeAll
    static void start() {
        standIn = Servers.provider();
    }

    @AfterEach
    void heal() {
        standIn.fault("{}");
    }

    @AfterAll
    static void stop() {
        standIn.close();
    }

    static PaymentProvider at(URI url) {
        return new HttpPaymentProvider(
                new ProviderHttp(url, Duration.ofSeconds(2), () -> "00-trace", () -> {}));
    }

    @Override
    PaymentProvider provider() {
        return at(standIn.url());
    }

    @Test
    void a_charge_without_an_answer_in_time_is_unknown_and_found_by_asking() {
        ChargeOutcome outcome =
                provider()
                        .charge(
                                key,
                                World.eur(5),
                                "tok_timeout_after_charge",
                                order,
                                Deadline.after(Duration.ofMillis(400)));
        assertThat(outcome)
                .isInstanceOfSatisfying(
                        Unknown.class, each -> assertThat(each.inFlight()).isTrue());
        assertThat(provider().findCharge(key, World.soon())).isInstanceOf(Found.class);
        assertThat(standIn.charges(order)).isEqualTo(1);
    }

    @Test
    void a_provider_that_is_not_there_charged_nothing() {
        PaymentProvider nowhere = at(URI.create("http://127.0.0.1:1"));
        assertThat(nowhere.charge(key, World.eur(5), "tok_ok", order, World.soon()))
                .isInstanceOf(NotCharged.class);
        assertThat(nowhere.findCharge(key, World.soon())).isInstanceOf(NoAnswer.class);
        assertThat(nowhere.refund(key, "ch", World.eur(5), World.soon()))
                .isInstanceOf(RefundUnknown.class);
    }

    @Test
    void repetitions_end_with_the_budget_in_an_outage() throws Exception {
        var repeated = new AtomicInteger();
        URI nowhere = URI.create("http://127.0.0.1:1");
        Duration limit = Duration.ofSeconds(2);
        int calls = 600;
        ExecutorService callers = Executors.newFixedThreadPool(8);
        try (var http = new ProviderHttp(nowhere, limit, () -> "", repeated::incrementAndGet)) {
            PaymentProvider away = new HttpPaymentProvider(http);
            for (int i = 0; i < calls; i++) {
                callers.submit(() -> away.findCharge(key, World.soon()));
            }
            callers.shutdown();
            assertThat(callers.awaitTermination(30, TimeUnit.SECONDS)).isTrue();
        }
        // Each attempt takes a token, and 50 of the 100 may go for repeated calls.
        assertThat(repeated.get()).isBetween(20, 50);
        assertThat(1 + repeated.get() / (double) calls).isLessThan(1.2);
    }

    @Test
    void a_provider_that_is_down_answers_so() {
        standIn.fault("{\"down\":true}");
        assertThat(charge("tok_ok")).isEqualTo(new Unknown("HTTP 503", false));
        assertThat(provider().findCharge(key, World.soon())).isEqualTo(new NoAnswer("HTTP 503"));
        assertThat(refund(key, "ch", 1)).isEqualTo(new RefundUnknown("HTTP 503"));
    }

    @Test
    void a_request_that_is_wrong_in_itself_is_refused_for_good() {
        ChargeOutcome outcome =
                provider().charge(key, World.eur(5), "t".repeat(101), order, World.soon());
        assertThat(outcome).isEqualTo(new Refused("invalid_request"));
    }

    @Test
    void a_connection_that_breaks_after_sending_is_unknown_and_nothing_is_sent_again()
            throws Exception {
        try (Scripted broken = new Scripted("", Duration.ZERO)) {
            assertThat(at(broken.url()).charge(key, World.eur(5), "tok_ok", order, World.soon()))
                    .isInstanceOfSatisfying(
                            Unknown.class, each -> assertThat(each.inFlight()).isTrue());
            assertThat(broken.requests()).isEqualTo(1);
        }
    }

    @Test
    void an_answer_that_does_not_end_in_time_is_unknown() throws Exception {
        String begun = "HTTP/1.1 201 Created\r\nContent-Length: 99\r\n\r\n{";
        try (Scripted slow = new Scripted(begun, Duration.ofSeconds(20))) {
            Deadline deadline = Deadline.after(Duration.ofMillis(400));
            assertThat(at(slow.url()).charge(key, World.eur(5), "tok_ok", order, deadline))
                    .isInstanceOfSatisfying(
                            Unknown.class, each -> assertThat(each.inFlight()).isTrue());
            assertThat(slow.requests()).isEqualTo(1);
        }
    }

    @Test
    void without_time_nothing_is_sent() {
        ChargeOutcome outcome =
                provider()
                        .charge(key, World.eur(5), "tok_ok", order, Deadline.after(Duration.ZERO));
        assertThat(outcome).isInstanceOf(NotCharged.class);
        assertThat(standIn.charges(order)).isZero();
    }
}
