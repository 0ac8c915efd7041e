package banyan.payment.platform;

import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.SQLException;
import java.time.Duration;
import java.time.InstantSource;
import java.time.OffsetDateTime;
import java.time.ZoneOffset;
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
                WHERE created_at < ? ORDER BY created_at LIMIT ?)""";

    private static final Duration REPEATS = Duration.ofHours(24);

    private final DataSource pool;
    private final InstantSource clock;

    /**
     * Answers age by {@code clock}, which dated them; events by the database's, as their relay
     * does.
     */
    public Housekeeping(DataSource pool, InstantSource clock) {
        this.pool = pool;
        this.clock = clock;
    }

    /** Every ten minutes, and again at once while there is more. */
    public BackgroundLoop loop(Metrics metrics) {
        return new BackgroundLoop("housekeeping", Duration.ofMinutes(10), metrics, this::step);
    }

    /** True when there may be more. */
    boolean step() throws SQLException {
        try (Connection connection = pool.getConnection()) {
            return events(connection) == BITE | answers(connection) == BITE;
        }
    }

    private static int events(Connection connection) throws SQLException {
        try (PreparedStatement statement = connection.prepareStatement(OUTBOX)) {
            statement.setInt(1, BITE);
            return statement.executeUpdate();
        }
    }

    private int answers(Connection connection) throws SQLException {
        try (PreparedStatement statement = connection.prepareStatement(IDEMPOTENCY)) {
            statement.setObject(
                    1, OffsetDateTime.ofInstant(clock.instant().minus(REPEATS), ZoneOffset.UTC));
            statement.setInt(2, BITE);
            return statement.executeUpdate();
        }
    }
}
