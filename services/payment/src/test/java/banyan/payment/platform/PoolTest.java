package banyan.payment.platform;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import banyan.payment.support.Postgres;
import io.grpc.Context;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.concurrent.Callable;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

class PoolTest {
    @Test
    void only_the_relays_own_connection_may_lose_a_commit_and_none_waits_for_ever()
            throws SQLException {
        try (Pool pool = new Pool(DatabaseUrl.parse(Postgres.database()), 2, new Metrics());
                Connection charges = pool.dataSource().getConnection();
                Connection relay = pool.relaxed()) {
            assertThat(shown(charges, "synchronous_commit")).isEqualTo("on");
            assertThat(shown(relay, "synchronous_commit")).isEqualTo("off");
            for (Connection each : new Connection[] {charges, relay}) {
                assertThat(shown(each, "statement_timeout")).isEqualTo("5s");
                assertThat(shown(each, "lock_timeout")).isEqualTo("3s");
            }
        }
    }

    @Test
    void how_long_a_connection_is_held_is_measured() throws SQLException, InterruptedException {
        Metrics metrics = new Metrics();
        try (Pool pool = new Pool(DatabaseUrl.parse(Postgres.database()), 2, metrics)) {
            try (Connection held = pool.dataSource().getConnection()) {
                assertThat(held.isValid(1)).isTrue();
                Thread.sleep(50);
            }
            assertThat(metrics.poolUse.collect().getDataPoints().get(0).getSum())
                    .isBetween(0.05, 5.0);
        }
    }

    @Test
    void a_statement_ends_with_its_call_and_its_connection_goes_to_nobody_else() throws Exception {
        String url = Postgres.database();
        String locked = "SELECT pg_advisory_xact_lock(7)";
        try (Pool pool = new Pool(DatabaseUrl.parse(url), 1, new Metrics());
                Connection other = Postgres.connect(url);
                Statement holding = other.createStatement()) {
            other.setAutoCommit(false);
            holding.execute(locked);
            long began = System.nanoTime();
            assertThatThrownBy(() -> within(300, () -> run(pool, locked)))
                    .isInstanceOfSatisfying(
                            SQLException.class,
                            e -> assertThat(e.getSQLState()).isEqualTo("57014"));
            assertThat(Duration.ofNanos(System.nanoTime() - began))
                    .isBetween(Duration.ofMillis(290), Duration.ofSeconds(2));
            String waiting =
                    "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()";
            try (ResultSet row = holding.executeQuery(waiting)) {
                row.next();
                assertThat(row.getInt(1)).isZero();
            }
            other.rollback();
            // The only connection there is: another one has taken its place.
            for (int i = 0; i < 20; i++) {
                run(pool, locked);
            }
        }
    }

    @Test
    void what_begins_when_the_caller_has_gone_is_left_to_run() throws Exception {
        try (Pool pool = new Pool(DatabaseUrl.parse(Postgres.database()), 1, new Metrics())) {
            within(
                    50,
                    () -> {
                        Thread.sleep(100);
                        assertThat(Context.current().isCancelled()).isTrue();
                        run(pool, "SELECT pg_sleep(0.2)");
                        return null;
                    });
        }
    }

    private static Void run(Pool pool, String sql) throws SQLException {
        try (Connection connection = pool.dataSource().getConnection();
                Statement statement = connection.createStatement()) {
            statement.execute(sql);
            return null;
        }
    }

    /** As a call whose caller waits so long. */
    private static void within(long ms, Callable<Void> work) throws Exception {
        ScheduledExecutorService timer = Executors.newSingleThreadScheduledExecutor();
        Context.CancellableContext call =
                Context.current().withDeadlineAfter(ms, TimeUnit.MILLISECONDS, timer);
        try {
            call.call(work);
        } finally {
            call.cancel(null);
            timer.shutdownNow();
        }
    }

    private static String shown(Connection connection, String setting) throws SQLException {
        try (Statement query = connection.createStatement();
                ResultSet row = query.executeQuery("SHOW " + setting)) {
            row.next();
            return row.getString(1);
        }
    }
}
