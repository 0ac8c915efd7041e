package banyan.payment.platform;

import static org.assertj.core.api.Assertions.assertThat;

import banyan.payment.support.Postgres;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
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

    private static String shown(Connection connection, String setting) throws SQLException {
        try (Statement query = connection.createStatement();
                ResultSet row = query.executeQuery("SHOW " + setting)) {
            row.next();
            return row.getString(1);
        }
    }
}
