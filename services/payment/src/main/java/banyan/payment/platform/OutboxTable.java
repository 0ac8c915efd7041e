package banyan.payment.platform;

import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Instant;
import java.time.OffsetDateTime;
import java.util.ArrayList;
import java.util.List;
import org.postgresql.PGConnection;

/** The `outbox` table as the relay needs it, on the relay's own connection. */
final class OutboxTable implements AutoCloseable {
    // One number for all relays of one database; the lock ends with its connection.
    private static final long LOCK = 0x62616e79_6f757462L;

    private final Connection connection;
    private boolean leading;

    OutboxTable(Connection connection) throws SQLException {
        this.connection = connection;
        connection.setAutoCommit(true);
        try (Statement listen = connection.createStatement()) {
            listen.execute("LISTEN outbox");
        }
    }

    /** An event that waits for the broker. */
    record Row(
            long position,
            String id,
            String subject,
            String type,
            String entity,
            byte[] data,
            JsonObject headers,
            Instant time) {}

    /** How many wait, and since when the oldest does: 0 without one. */
    record Backlog(long rows, double oldestAgeSeconds) {}

    /**
     * True when this process is the one that publishes; the others take over when its connection
     * ends.
     */
    boolean lead() throws SQLException {
        if (leading) {
            return true;
        }
        try (PreparedStatement query =
                connection.prepareStatement("SELECT pg_try_advisory_lock(?)")) {
            query.setLong(1, LOCK);
            try (ResultSet row = query.executeQuery()) {
                leading = row.next() && row.getBoolean(1);
                return leading;
            }
        }
    }

    Backlog backlog() throws SQLException {
        String sql =
                """
                SELECT count(*), coalesce(extract(epoch FROM clock_timestamp() - min(created_at)), 0)
                FROM outbox WHERE published_at IS NULL""";
        try (Statement query = connection.createStatement();
                ResultSet row = query.executeQuery(sql)) {
            row.next();
            return new Backlog(row.getLong(1), Math.max(0, row.getDouble(2)));
        }
    }

    /** The oldest unpublished events, in order. */
    List<Row> next(int limit) throws SQLException {
        String sql = "SELECT * FROM outbox WHERE published_at IS NULL ORDER BY position LIMIT ?";
        try (PreparedStatement query = connection.prepareStatement(sql)) {
            query.setInt(1, limit);
            List<Row> rows = new ArrayList<>();
            try (ResultSet row = query.executeQuery()) {
                while (row.next()) {
                    rows.add(read(row));
                }
            }
            return rows;
        }
    }

    private static Row read(ResultSet row) throws SQLException {
        return new Row(
                row.getLong("position"),
                row.getString("id"),
                row.getString("subject"),
                row.getString("type"),
                row.getString("entity_id"),
                row.getBytes("data"),
                JsonParser.parseString(row.getString("headers")).getAsJsonObject(),
                row.getObject("created_at", OffsetDateTime.class).toInstant());
    }

    void markPublished(List<Long> positions) throws SQLException {
        String sql = "UPDATE outbox SET published_at = now() WHERE position = ANY(?)";
        try (PreparedStatement update = connection.prepareStatement(sql)) {
            update.setArray(1, connection.createArrayOf("bigint", positions.toArray()));
            update.executeUpdate();
        }
    }

    /**
     * Has the replica that leads look at once; by a statement of its own, for within a transaction
     * it would make all commits wait for each other.
     */
    void tellOthers() throws SQLException {
        try (Statement notify = connection.createStatement()) {
            notify.execute("NOTIFY outbox");
        }
    }

    /** True when another replica told of an event since the last look; does not wait. */
    boolean hasNews() throws SQLException {
        return connection.unwrap(PGConnection.class).getNotifications().length > 0;
    }

    @Override
    public void close() throws SQLException {
        connection.close();
    }
}
