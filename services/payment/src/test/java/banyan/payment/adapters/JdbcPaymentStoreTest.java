package banyan.payment.adapters;

import static banyan.payment.support.Refusals.assertRefused;
import static org.assertj.core.api.Assertions.assertThat;

import banyan.payment.app.PaymentStore;
import banyan.payment.domain.Payment;
import banyan.payment.domain.PaymentEvent;
import banyan.payment.platform.DatabaseUrl;
import banyan.payment.platform.Metrics;
import banyan.payment.platform.Pool;
import banyan.payment.platform.UuidV7;
import banyan.payment.support.Postgres;
import banyan.payment.v1.PaymentCharged;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.Statement;
import java.time.InstantSource;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class JdbcPaymentStoreTest extends PaymentStoreContract {
    private static String url;
    private static Pool pool;
    private static PaymentStore store;

    @BeforeAll
    static void open() {
        url = Postgres.database();
        pool = new Pool(DatabaseUrl.parse(url), 8, new Metrics());
        store =
                new JdbcPaymentStore(
                        pool.dataSource(), new UuidV7(InstantSource.system()), () -> "00-trace");
    }

    @BeforeEach
    void empty() throws Exception {
        try (Connection connection = Postgres.connect(url);
                Statement statement = connection.createStatement()) {
            statement.execute("TRUNCATE refunds, payments, order_gates, outbox, idempotency");
        }
    }

    @AfterAll
    static void close() {
        pool.close();
    }

    @Override
    PaymentStore store() {
        return store;
    }

    @Test
    void an_event_lies_in_the_outbox_beside_the_state_it_tells_of() throws Exception {
        Payment paid = inserted(pending(NOW)).succeeded("ch_1", NOW);
        store.inTransaction(
                tx -> {
                    tx.update(paid);
                    tx.publish(new PaymentEvent.Charged(paid), NOW);
                    return null;
                });
        try (Connection connection = Postgres.connect(url);
                Statement statement = connection.createStatement();
                ResultSet row = statement.executeQuery("SELECT * FROM outbox")) {
            assertThat(row.next()).isTrue();
            assertThat(row.getString("subject")).isEqualTo("payment.charged");
            assertThat(row.getString("type")).isEqualTo("banyan.payment.v1.PaymentCharged");
            assertThat(row.getString("entity_id")).isEqualTo(paid.id());
            assertThat(row.getString("headers")).contains("00-trace");
            var payment = PaymentCharged.parseFrom(row.getBytes("data")).getPayment();
            assertThat(payment.getProviderChargeId()).isEqualTo("ch_1");
            assertThat(row.next()).isFalse();
        }
    }

    @Test
    void a_database_that_is_away_is_unavailable_within_the_pools_limit() {
        try (Pool nowhere =
                new Pool(DatabaseUrl.parse("postgres://a:b@127.0.0.1:1/none"), 1, new Metrics())) {
            PaymentStore away = new JdbcPaymentStore(nowhere.dataSource(), () -> "", () -> "");
            assertRefused(
                    "DATABASE_UNAVAILABLE",
                    () -> away.find(java.util.UUID.randomUUID().toString()));
        }
    }
}
