package banyan.payment.adapters;

import static banyan.payment.support.Refusals.assertRefused;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import banyan.payment.app.PaymentStore;
import banyan.payment.domain.Payment;
import banyan.payment.domain.PaymentEvent;
import banyan.payment.domain.PaymentException;
import banyan.payment.domain.PaymentState;
import banyan.payment.platform.DatabaseUrl;
import banyan.payment.platform.Metrics;
import banyan.payment.platform.Pool;
import banyan.payment.platform.UuidV7;
import banyan.payment.support.Chaos;
import banyan.payment.support.Postgres;
import banyan.payment.support.World;
import banyan.payment.v1.PaymentCharged;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.time.InstantSource;
import java.util.UUID;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class JdbcPaymentStoreTest extends PaymentStoreContract {
    private static final AtomicInteger TOLD = new AtomicInteger();
    private static String url;
    private static Pool pool;
    private static PaymentStore store;

    @BeforeAll
    static void open() {
        url = Postgres.database();
        pool = new Pool(DatabaseUrl.parse(url), 8, new Metrics());
        store =
                new JdbcPaymentStore(
                        pool.dataSource(),
                        new UuidV7(InstantSource.system()),
                        () -> "00-trace",
                        TOLD::incrementAndGet);
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

    @Override
    long events() {
        try (Connection connection = Postgres.connect(url);
                Statement statement = connection.createStatement();
                ResultSet row = statement.executeQuery("SELECT count(*) FROM outbox")) {
            row.next();
            return row.getLong(1);
        } catch (SQLException e) {
            throw new IllegalStateException(e);
        }
    }

    @Test
    void the_relay_is_told_of_committed_events_only() {
        int before = TOLD.get();
        Payment payment = sending();
        store.insertFirst(payment);
        Payment paid = payment.succeeded("ch_1", NOW);
        assertThatThrownBy(
                        () ->
                                store.inTransaction(
                                        tx -> {
                                            tx.publish(new PaymentEvent.Charged(paid), NOW);
                                            throw new IllegalStateException("rolled back");
                                        }))
                .hasMessage("rolled back");
        update(payment);
        assertThat(TOLD).hasValue(before);
        settle(paid, LEASE);
        assertThat(TOLD).hasValue(before + 1);
        settle(paid, LEASE);
        assertThat(TOLD).hasValue(before + 1);
        store.inTransaction(
                tx -> {
                    tx.publish(new PaymentEvent.Charged(paid), NOW);
                    return null;
                });
        assertThat(TOLD).hasValue(before + 2);
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

    @ParameterizedTest
    @ValueSource(longs = {1, 2, 3, 4, 5})
    void the_shops_books_and_the_providers_agree_whatever_happens(long seed) {
        new Chaos(store, seed).run(60);
    }

    @Test
    void many_calls_for_one_order_at_once_charge_it_once() throws Exception {
        World world = new World(store);
        String order = World.newOrder();
        race(
                8,
                () -> {
                    world.charge(order, "tok_ok");
                    return true;
                });
        assertThat(world.provider.books.charges()).hasSize(1);
        assertThat(world.provider.chargeRequests).hasValue(1);
        assertThat(world.charge(order, "tok_ok").state())
                .isInstanceOf(PaymentState.Succeeded.class);
    }

    @Test
    void charging_and_closing_at_once_never_keeps_money() throws Exception {
        for (int round = 0; round < 10; round++) {
            World world = new World(store);
            String order = World.newOrder();
            AtomicInteger turn = new AtomicInteger();
            race(
                    6,
                    () -> {
                        try {
                            if (turn.getAndIncrement() % 2 == 0) {
                                world.charge(order, "tok_ok");
                            } else {
                                world.refundOrder(order);
                            }
                            return true;
                        } catch (PaymentException e) {
                            return false;
                        }
                    });
            world.clock.pass(Duration.ofSeconds(60));
            while (world.resolve.next() || world.retry.next()) {
                assertThat(round).isLessThan(10);
            }
            world.provider
                    .books
                    .charges()
                    .forEach(
                            each ->
                                    assertThat(world.provider.books.refunded(each.id()))
                                            .isEqualTo(1299));
        }
    }

    @Test
    void a_database_that_is_away_is_unavailable_within_the_pools_limit() {
        try (Pool nowhere =
                new Pool(DatabaseUrl.parse("postgres://a:b@127.0.0.1:1/none"), 1, new Metrics())) {
            PaymentStore away =
                    new JdbcPaymentStore(nowhere.dataSource(), () -> "", () -> "", () -> {});
            assertRefused("DATABASE_UNAVAILABLE", () -> away.find(UUID.randomUUID().toString()));
        }
    }
}
