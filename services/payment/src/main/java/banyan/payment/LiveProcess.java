package banyan.payment;

import banyan.payment.adapters.HttpPaymentProvider;
import banyan.payment.adapters.JdbcPaymentStore;
import banyan.payment.adapters.ProviderHttp;
import banyan.payment.app.Timing;
import banyan.payment.app.Tools;
import banyan.payment.config.Settings;
import banyan.payment.platform.BackgroundLoop;
import banyan.payment.platform.Housekeeping;
import banyan.payment.platform.Live;
import banyan.payment.platform.Metrics;
import banyan.payment.platform.OtelTracing;
import banyan.payment.platform.OutboxRelay;
import banyan.payment.platform.Pool;
import banyan.payment.platform.TraceContext;
import banyan.payment.platform.Tracing;
import banyan.payment.platform.UuidV7;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import org.slf4j.LoggerFactory;

/** The service on PostgreSQL, NATS and the provider's HTTP API. */
final class LiveProcess {
    private final App app;
    private final OutboxRelay relay;
    private final Pool pool;
    private final ProviderHttp http;
    private final Tracing tracing;

    private LiveProcess(App app, OutboxRelay relay, Pool pool, ProviderHttp http, Tracing tracing) {
        this.app = app;
        this.relay = relay;
        this.pool = pool;
        this.http = http;
        this.tracing = tracing;
    }

    static LiveProcess start(Settings settings) throws IOException {
        Metrics metrics = new Metrics();
        Tracing tracing =
                settings.otlpEndpoint().isEmpty()
                        ? Tracing.idsOnly()
                        : OtelTracing.otlp("payment", settings.otlpEndpoint());
        InstantSource clock = InstantSource.offset(InstantSource.system(), settings.clockOffset());
        UuidV7 ids = new UuidV7(clock);
        Pool pool = new Pool(settings.database(), settings.poolMax(), metrics);
        var http =
                new ProviderHttp(
                        settings.providerUrl(),
                        settings.providerTimeout(),
                        TraceContext::currentTraceparent,
                        metrics.retriesOf(Bootstrap.PROVIDER));
        OutboxRelay relay =
                // A mark that a crash undoes has its event sent again, which the broker drops.
                new OutboxRelay("payment", settings.natsUrl(), pool::relaxed, metrics);
        List<BackgroundLoop> more = new ArrayList<>();
        if (!settings.liveFile().isEmpty()) {
            Path file = Path.of(settings.liveFile());
            more.add(new Live(file, settings.logLevel(), metrics).read().loop());
        }
        more.add(new Housekeeping(pool.dataSource(), clock).loop(metrics));
        more.add(relay.loop());
        var outside =
                new Bootstrap.Outside(
                        new JdbcPaymentStore(
                                pool.dataSource(),
                                ids,
                                TraceContext::currentTraceparent,
                                relay::wake),
                        new HttpPaymentProvider(http),
                        new Tools(
                                clock,
                                ids,
                                Timing.of(settings.providerTimeout(), settings.settle())),
                        metrics,
                        tracing,
                        pool::answers,
                        more);
        App app = Bootstrap.build(settings, outside);
        app.start();
        return new LiveProcess(app, relay, pool, http, tracing);
    }

    /** Drains and stops, each step within its limit. */
    void stop() throws InterruptedException {
        var log = LoggerFactory.getLogger(LiveProcess.class);
        log.info("draining");
        Duration step = Duration.ofSeconds(3);
        app.stopping()
                .then("outbox-relay", step, () -> relay.stop(step))
                .then("provider", step, http::close)
                .then("pool", step, pool::close)
                .then("telemetry", step, tracing::close)
                .then("admin", step, app.admin()::stop)
                .run();
        log.info("stopped");
    }
}
