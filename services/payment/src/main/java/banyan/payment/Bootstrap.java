package banyan.payment;

import banyan.payment.adapters.GuardedProvider;
import banyan.payment.app.ChargeOrder;
import banyan.payment.app.GetPayment;
import banyan.payment.app.ListPayments;
import banyan.payment.app.PaymentProvider;
import banyan.payment.app.PaymentStore;
import banyan.payment.app.RefundOrder;
import banyan.payment.app.RefundPayment;
import banyan.payment.app.ResolveCharge;
import banyan.payment.app.RetryRefund;
import banyan.payment.app.Tools;
import banyan.payment.config.Settings;
import banyan.payment.platform.AdminServer;
import banyan.payment.platform.BackgroundLoop;
import banyan.payment.platform.GrpcServer;
import banyan.payment.platform.Metrics;
import banyan.payment.platform.Readiness;
import banyan.payment.platform.Tracing;
import banyan.payment.rpc.PaymentGrpcService;
import banyan.payment.rpc.StatusMapper;
import io.prometheus.metrics.core.metrics.Gauge;
import io.prometheus.metrics.core.metrics.Histogram;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;

/**
 * The composition root: the service's own parts around a store and a provider, whichever they are.
 */
final class Bootstrap {
    /** The payment provider, as the metrics of outgoing calls name it. */
    static final String PROVIDER = "payment-provider";

    private static final Duration IDLE = Duration.ofSeconds(1);

    private Bootstrap() {}

    /**
     * What stands outside the use cases.
     *
     * @param ready true when calls may come
     * @param more background work of the process's own, run and watched like the service's
     */
    record Outside(
            PaymentStore store,
            PaymentProvider provider,
            Tools tools,
            Metrics metrics,
            Tracing tracing,
            Callable<Boolean> ready,
            List<BackgroundLoop> more) {}

    static App build(Settings settings, Outside outside) throws IOException {
        Histogram calls = outside.metrics().clientCalls();
        outside.metrics().retriesOf(PROVIDER); // a rate needs a zero to rise from
        GuardedProvider provider =
                new GuardedProvider(
                        new TracedProvider(outside.provider(), outside.tracing()),
                        settings.providerMaxConcurrent(),
                        Duration.ofSeconds(2),
                        (operation, status, seconds) ->
                                calls.labelValues(PROVIDER, operation, status).observe(seconds));
        outside.metrics()
                .gauge(
                        "rpc_client_circuit_state",
                        "0 closed, 1 half open, 2 open",
                        "upstream",
                        PROVIDER,
                        provider::circuitState);
        GrpcServer grpc = grpc(settings, outside, provider);
        Readiness readiness =
                new Readiness("database", outside.ready(), grpc::setServing, outside.metrics());
        List<BackgroundLoop> loops = loops(outside, provider);
        List<BackgroundLoop> watched = new ArrayList<>(loops);
        watched.add(readiness.loop());
        AdminServer admin =
                new AdminServer(
                        settings.adminListen(),
                        outside.metrics().registry(),
                        () -> App.dead(watched),
                        readiness::reasons);
        return new App(settings, grpc, admin, readiness, loops);
    }

    private static GrpcServer grpc(Settings settings, Outside outside, PaymentProvider provider) {
        PaymentStore store = outside.store();
        Tools tools = outside.tools();
        var useCases =
                new PaymentGrpcService.UseCases(
                        new ChargeOrder(store, provider, tools),
                        new RefundOrder(store, provider, tools),
                        new RefundPayment(store, provider, tools),
                        new GetPayment(store),
                        new ListPayments(store));
        var limits =
                new GrpcServer.Limits(
                        settings.maxConcurrentRpcs(),
                        settings.workerThreads(),
                        settings.maxConnectionAge(),
                        settings.drainGrace());
        return new GrpcServer(
                settings.grpcListen(),
                new PaymentGrpcService(useCases),
                "payment.banyan",
                limits,
                outside.tracing(),
                outside.metrics(),
                StatusMapper::failure);
    }

    private static List<BackgroundLoop> loops(Outside outside, PaymentProvider provider) {
        ResolveCharge resolve = new ResolveCharge(outside.store(), provider, outside.tools());
        RetryRefund retry = new RetryRefund(outside.store(), provider, outside.tools());
        Gauge pending =
                outside.metrics()
                        .gauge(
                                "payment_pending_total",
                                "Charges and refunds whose outcome is not known yet");
        List<BackgroundLoop> loops = new ArrayList<>();
        loops.add(new BackgroundLoop("resolve-charges", IDLE, outside.metrics(), resolve::next));
        loops.add(new BackgroundLoop("retry-refunds", IDLE, outside.metrics(), retry::next));
        loops.add(
                new BackgroundLoop(
                        "count-pending",
                        IDLE.multipliedBy(2),
                        outside.metrics(),
                        () -> {
                            pending.set(outside.store().countPending());
                            return false;
                        }));
        loops.addAll(outside.more()); // last to stop: the relay publishes what the others still did
        return loops;
    }
}
