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

    private static String shown(Connection connection, String setting) throws SQLException {
        try (Statement query = connection.createStatement();
                ResultSet row = query.executeQuery("SHOW " + setting)) {
            row.next();
            return row.getString(1);
        }
    }
}
