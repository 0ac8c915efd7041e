package banyan.payment.platform;

import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.SQLException;
import java.time.Duration;
import javax.sql.DataSource;

/**
 * Takes away what the platform's tables need no longer; in small bites, so that nobody waits for
 * it.
 */
public final class Housekeeping {
    private static final int BITE = 5_000;
    private static final String OUTBOX =
            """
            DELETE FROM outbox WHERE position IN (
                SELECT position FROM outbox WHERE published_at < now() - interval '7 days'
                ORDER BY position LIMIT ?)""";
    private static final String IDEMPOTENCY =
            """
            DELETE FROM idempotency WHERE (caller, method, request_id) IN (
                SELECT caller, method, request_id FROM idempotency
                WHERE created_at < now() - interval '24 hours' ORDER BY created_at LIMIT ?)""";

    private final DataSource pool;

    public Housekeeping(DataSource pool) {
        this.pool = pool;
    }

    /** Every ten minutes, and again at once while there is more. */
    public BackgroundLoop loop(Metrics metrics) {
        return new BackgroundLoop("housekeeping", Duration.ofMinutes(10), metrics, this::step);
    }

    /** True when there may be more. */
    boolean step() throws SQLException {
        try (Connection connection = pool.getConnection()) {
            return delete(connection, OUTBOX) == BITE | delete(connection, IDEMPOTENCY) == BITE;
        }
    }

    private static int delete(Connection connection, String sql) throws SQLException {
        try (PreparedStatement statement = connection.prepareStatement(sql)) {
            statement.setInt(1, BITE);
            return statement.executeUpdate();
        }
    }
}
