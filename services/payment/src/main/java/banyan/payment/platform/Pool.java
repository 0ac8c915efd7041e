package banyan.payment.platform;

import com.zaxxer.hikari.HikariConfig;
import com.zaxxer.hikari.HikariDataSource;
import com.zaxxer.hikari.metrics.IMetricsTracker;
import io.prometheus.metrics.core.metrics.GaugeWithCallback;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.util.Properties;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import javax.sql.DataSource;

/** The connections to PostgreSQL; a process starts without its database and waits for it. */
public final class Pool implements AutoCloseable {
    private static final int CHECK_S = 1;

    private final DatabaseUrl url;
    private final HikariDataSource pool;
    private final ExecutorService cancelling = Executors.newCachedThreadPool(Pool::daemon);

    /**
     * @param max the most connections; one is kept open at rest
     */
    public Pool(DatabaseUrl url, int max, Metrics metrics) {
        this.url = url;
        HikariConfig config = new HikariConfig();
        config.setPoolName(url.user());
        config.setJdbcUrl(url.jdbcUrl());
        config.setDataSourceProperties(properties());
        config.setMaximumPoolSize(max);
        config.setMinimumIdle(1);
        config.setConnectionTimeout(1_500);
        config.setValidationTimeout(1_000);
        config.setIdleTimeout(60_000);
        config.setMaxLifetime(600_000);
        config.setInitializationFailTimeout(-1);
        config.setMetricsTrackerFactory((name, stats) -> new TimeTracker(metrics));
        this.pool =
                new HikariDataSource(config) {
                    @Override
                    public Connection getConnection() throws SQLException {
                        return CallBound.of(super.getConnection(), cancelling);
                    }
                };
        metrics.poolMax.set(max);
        GaugeWithCallback.builder()
                .name("db_pool_connections")
                .help("Connections, `used` or `idle`")
                .labelNames("state")
                .callback(
                        callback -> {
                            callback.call(
                                    pool.getHikariPoolMXBean().getActiveConnections(), "used");
                            callback.call(pool.getHikariPoolMXBean().getIdleConnections(), "idle");
                        })
                .register(metrics.registry());
    }

    /** Connections whose statements end with the call in which they were taken. */
    public DataSource dataSource() {
        return pool;
    }

    /** True when the database answers; takes at most the time to get a connection and a second. */
    public boolean answers() throws SQLException {
        try (Connection connection = pool.getConnection()) {
            return connection.isValid(CHECK_S);
        }
    }

    /**
     * A connection beside the pool, for one that holds it as long as it lives and whose commits a
     * crash may undo.
     */
    public Connection relaxed() throws SQLException {
        Properties properties = properties();
        properties.merge("options", " -c synchronous_commit=off", (one, more) -> "" + one + more);
        return DriverManager.getConnection(url.jdbcUrl(), properties);
    }

    @Override
    public void close() {
        cancelling.shutdownNow();
        pool.close();
    }

    private static Thread daemon(Runnable work) {
        Thread thread = new Thread(work, "cancel-statement");
        thread.setDaemon(true);
        return thread;
    }

    /** Nothing waits for ever: neither for a connection, nor a lock, nor an answer. */
    private Properties properties() {
        Properties properties = new Properties();
        properties.setProperty("user", url.user());
        properties.setProperty("password", url.password());
        properties.setProperty("connectTimeout", "2");
        properties.setProperty("socketTimeout", "15");
        properties.setProperty("tcpKeepAlive", "true");
        properties.setProperty("ApplicationName", url.user());
        properties.setProperty("logServerErrorDetail", "false"); // details quote rows
        properties.setProperty(
                "options",
                "-c statement_timeout=5000 -c lock_timeout=3000 -c idle_in_transaction_session_timeout=10000");
        return properties;
    }

    private record TimeTracker(Metrics metrics) implements IMetricsTracker {
        @Override
        public void recordConnectionAcquiredNanos(long elapsed) {
            metrics.poolWait.observe(elapsed / 1e9);
        }

        @Override
        public void recordConnectionUsageMillis(long elapsed) {
            metrics.poolUse.observe(elapsed / 1e3);
        }
    }
}
