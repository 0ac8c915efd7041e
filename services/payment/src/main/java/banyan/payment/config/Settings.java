package banyan.payment.config;

import banyan.payment.platform.DatabaseUrl;
import java.net.InetSocketAddress;
import java.net.URI;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.Map;

/** Everything this service can be told, read once from the environment; README.md explains each. */
public record Settings(
        InetSocketAddress grpcListen,
        InetSocketAddress adminListen,
        String logLevel,
        Duration drainDelay,
        Duration drainGrace,
        DatabaseUrl database,
        int poolMax,
        int maxConcurrentRpcs,
        int workerThreads,
        Duration maxConnectionAge,
        String natsUrl,
        URI providerUrl,
        Duration providerTimeout,
        int providerMaxConcurrent,
        Duration settle,
        Duration clockOffset,
        String environment,
        String otlpEndpoint,
        String liveFile) {

    /** Reads all of it; {@link SettingsException} names every problem at once. */
    public static Settings fromEnv(Map<String, String> env) {
        EnvReader read = new EnvReader(env);
        Settings settings =
                new Settings(
                        read.address("PAYMENT_GRPC_LISTEN", "0.0.0.0:50051"),
                        read.address("PAYMENT_ADMIN_LISTEN", "0.0.0.0:9090"),
                        read.oneOf(
                                "PAYMENT_LOG_LEVEL", "info", "debug", "info", "warning", "error"),
                        read.seconds("PAYMENT_DRAIN_DELAY_S", 0, 0, 300),
                        read.seconds("PAYMENT_DRAIN_GRACE_S", 10, 0, 600),
                        read.required("PAYMENT_DATABASE_URL", DatabaseUrl::parse),
                        read.integer("PAYMENT_DATABASE_POOL_MAX", 8, 1, 200),
                        read.integer("PAYMENT_MAX_CONCURRENT_RPCS", 200, 1, 10_000),
                        read.integer("PAYMENT_WORKER_THREADS", 32, 1, 1_000),
                        read.seconds("PAYMENT_MAX_CONNECTION_AGE_S", 60, 1, 86_400),
                        read.text("NATS_URL", "nats://127.0.0.1:4222"),
                        read.required("PAYMENT_PROVIDER_URL", EnvReader::httpUrl),
                        read.seconds("PAYMENT_PROVIDER_TIMEOUT_S", 2, 0.1, 30),
                        read.integer("PAYMENT_PROVIDER_MAX_CONCURRENT", 24, 1, 1_000),
                        read.seconds("PAYMENT_SETTLE_S", 20, 1, 3_600),
                        read.seconds("BANYAN_CLOCK_OFFSET_S", 0, -1e9, 1e9),
                        read.oneOf(
                                "BANYAN_ENVIRONMENT", "development", "development", "production"),
                        read.text("OTEL_EXPORTER_OTLP_ENDPOINT", ""),
                        read.text("BANYAN_LIVE_FILE", ""));
        if ("production".equals(settings.environment()) && !settings.clockOffset().isZero()) {
            read.problem("BANYAN_CLOCK_OFFSET_S", "must be 0 in production");
        }
        if (settings.settle().compareTo(settings.providerTimeout()) <= 0) {
            read.problem("PAYMENT_SETTLE_S", "must be longer than PAYMENT_PROVIDER_TIMEOUT_S");
        }
        read.finish();
        return settings;
    }

    /** For the log: every setting, secrets starred. */
    public Map<String, String> described() {
        Map<String, String> shown = new LinkedHashMap<>();
        shown.put("grpc_listen", grpcListen.toString());
        shown.put("admin_listen", adminListen.toString());
        shown.put("log_level", logLevel);
        shown.put("drain_delay_s", seconds(drainDelay));
        shown.put("drain_grace_s", seconds(drainGrace));
        shown.put("database_url", "***");
        shown.put("database_pool_max", Integer.toString(poolMax));
        shown.put("max_concurrent_rpcs", Integer.toString(maxConcurrentRpcs));
        shown.put("worker_threads", Integer.toString(workerThreads));
        shown.put("max_connection_age_s", seconds(maxConnectionAge));
        shown.put("nats_url", starred(natsUrl));
        shown.put("provider_url", starred(providerUrl.toString()));
        shown.put("provider_timeout_s", seconds(providerTimeout));
        shown.put("provider_max_concurrent", Integer.toString(providerMaxConcurrent));
        shown.put("settle_s", seconds(settle));
        shown.put("clock_offset_s", seconds(clockOffset));
        shown.put("environment", environment);
        shown.put("otlp_endpoint", starred(otlpEndpoint));
        shown.put("live_file", liveFile);
        return shown;
    }

    private static String seconds(Duration duration) {
        return Double.toString(duration.toMillis() / 1e3);
    }

    private static String starred(String url) {
        return url.replaceAll("//[^/@\\s]+@", "//***@");
    }
}
