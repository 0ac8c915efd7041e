package banyan.payment.platform;

import io.prometheus.metrics.core.metrics.Counter;
import io.prometheus.metrics.core.metrics.Gauge;
import io.prometheus.metrics.core.metrics.GaugeWithCallback;
import io.prometheus.metrics.core.metrics.Histogram;
import io.prometheus.metrics.instrumentation.jvm.JvmGarbageCollectorMetrics;
import io.prometheus.metrics.instrumentation.jvm.JvmMemoryMetrics;
import io.prometheus.metrics.instrumentation.jvm.ProcessMetrics;
import io.prometheus.metrics.model.registry.PrometheusRegistry;
import java.util.List;
import java.util.function.DoubleSupplier;

/**
 * The metrics common to all services; names, units and labels as in protos/config/telemetry.yaml.
 */
public final class Metrics {
    // Finer where an answer usually falls; the last finite one is the longest deadline we expect.
    static final double[] CALL_BUCKETS = {
        0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10
    };
    static final double[] WAIT_BUCKETS = {
        0.0001, 0.0005, 0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5
    };

    private final PrometheusRegistry registry = new PrometheusRegistry();

    final Histogram serverDuration =
            histogram(
                    "rpc_server_call_duration_seconds",
                    "Time from headers to the end of an RPC that came in",
                    CALL_BUCKETS,
                    "rpc_service",
                    "rpc_method",
                    "grpc_status");
    final Gauge serverInFlight = gauge("rpc_server_in_flight", "RPCs running now");
    final Counter serverShed =
            counter("rpc_server_shed_total", "RPCs refused because the server was full");
    final Counter serverNoDeadline =
            counter("rpc_server_no_deadline_total", "RPCs that came without a deadline");
    final Histogram poolWait =
            histogram("db_pool_wait_seconds", "Time spent waiting for a connection", WAIT_BUCKETS);
    final Histogram poolUse =
            histogram(
                    "db_pool_use_seconds",
                    "Time a connection was held; its sum's rate is how many are in use on average",
                    CALL_BUCKETS);
    final Gauge poolMax = gauge("db_pool_max", "The most connections the pool opens");
    final Gauge outboxBacklog =
            gauge("outbox_backlog", "Events not acknowledged by the broker yet");
    final Gauge outboxOldestAge =
            gauge("outbox_oldest_age_seconds", "Age of the oldest such event, 0 without one");
    final Counter taskFailures =
            counter(
                    "background_task_failures_total",
                    "Runs of a background task that raised an error",
                    "task");
    final Counter liveReloads =
            counter(
                    "live_settings_reloads_total",
                    "Changes of the file of live settings, `applied` or `refused`",
                    "outcome");
    final Gauge liveValid =
            gauge(
                    "live_settings_valid",
                    "1 while the file of live settings can be applied, else 0");
    private final Counter clientRetries =
            counter(
                    "rpc_client_retries_total",
                    "Attempts at outgoing RPCs beyond the first, each on the retry budget",
                    "upstream");
    private final Histogram clientCalls =
            callHistogram(
                    "rpc_client_call_duration_seconds",
                    "Time of an RPC that went out, retries included",
                    "upstream",
                    "rpc_method",
                    "grpc_status");
    final Counter outboxPublished =
            counter("outbox_published_total", "Events the broker acknowledged");

    public Metrics() {
        ProcessMetrics.builder().register(registry);
        JvmMemoryMetrics.builder().register(registry);
        JvmGarbageCollectorMetrics.builder().register(registry);
        for (String outcome : List.of("applied", "refused")) {
            liveReloads.initLabelValues(outcome); // an alert's rate needs a zero to rise from
        }
    }

    /** Counts the attempts at calls to an upstream beyond the first of each. */
    public Runnable retriesOf(String upstream) {
        return clientRetries.labelValues(upstream)::inc;
    }

    /** Observes calls that went out: `upstream`, operation, canonical code, seconds. */
    public Histogram clientCalls() {
        return clientCalls;
    }

    public PrometheusRegistry registry() {
        return registry;
    }

    /** A histogram of call times in seconds. */
    public Histogram callHistogram(String name, String help, String... labels) {
        return histogram(name, help, CALL_BUCKETS, labels);
    }

    public Gauge gauge(String name, String help, String... labels) {
        return Gauge.builder()
                .name(name)
                .help(help)
                .labelNames(labels)
                .withoutExemplars()
                .register(registry);
    }

    /** A gauge that is read when asked; {@code label} and {@code value} name its one series. */
    public void gauge(String name, String help, String label, String value, DoubleSupplier read) {
        GaugeWithCallback.builder()
                .name(name)
                .help(help)
                .labelNames(label)
                .callback(callback -> callback.call(read.getAsDouble(), value))
                .register(registry);
    }

    private Counter counter(String name, String help, String... labels) {
        return Counter.builder()
                .name(name)
                .help(help)
                .labelNames(labels)
                .withoutExemplars()
                .register(registry);
    }

    private Histogram histogram(String name, String help, double[] buckets, String... labels) {
        return Histogram.builder()
                .name(name)
                .help(help)
                .labelNames(labels)
                .classicUpperBounds(buckets)
                .classicOnly()
                .withoutExemplars()
                .register(registry);
    }
}
