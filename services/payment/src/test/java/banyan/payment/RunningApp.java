package banyan.payment;

import banyan.payment.adapters.InMemoryPaymentStore;
import banyan.payment.app.Timing;
import banyan.payment.app.Tools;
import banyan.payment.config.Settings;
import banyan.payment.platform.Metrics;
import banyan.payment.platform.Tracing;
import banyan.payment.platform.UuidV7;
import banyan.payment.rpc.Client;
import banyan.payment.support.MoodyProvider;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.time.InstantSource;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** The whole service on port 0, with a store in memory and a provider that fails on demand. */
final class RunningApp implements AutoCloseable {
    final MoodyProvider provider = new MoodyProvider();
    final InMemoryPaymentStore store = new InMemoryPaymentStore();
    final App app;
    final Client client;
    volatile boolean databaseAnswers = true;

    RunningApp(Map<String, String> more) {
        Map<String, String> env =
                new HashMap<>(
                        Map.of(
                                "PAYMENT_GRPC_LISTEN", "127.0.0.1:0",
                                "PAYMENT_ADMIN_LISTEN", "127.0.0.1:0",
                                "PAYMENT_DATABASE_URL", "postgres://a:b@127.0.0.1:1/none",
                                "PAYMENT_PROVIDER_URL", "http://127.0.0.1:1",
                                "PAYMENT_DRAIN_GRACE_S", "5"));
        env.putAll(more);
        InstantSource clock = InstantSource.system();
        UuidV7 ids = new UuidV7(clock);
        var outside =
                new Bootstrap.Outside(
                        store,
                        provider,
                        new Tools(clock, ids, Timing.defaults()),
                        new Metrics(),
                        Tracing.idsOnly(),
                        () -> databaseAnswers,
                        List.of());
        try {
            app = Bootstrap.build(Settings.fromEnv(env), outside);
            app.start();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        client = new Client(app.grpc().address());
    }

    HttpResponse<String> get(String path) {
        try {
            var request =
                    HttpRequest.newBuilder(URI.create("http://" + app.admin().address() + path))
                            .build();
            return HttpClient.newHttpClient().send(request, BodyHandlers.ofString());
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        } catch (InterruptedException e) {
            throw new IllegalStateException(e);
        }
    }

    @Override
    public void close() {
        client.close();
        try {
            app.stopping().run();
        } catch (InterruptedException e) {
            throw new IllegalStateException(e);
        }
        app.admin().stop();
    }
}
