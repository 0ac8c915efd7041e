package banyan.payment.platform;

import com.google.gson.JsonObject;
import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import io.prometheus.metrics.expositionformats.PrometheusTextFormatWriter;
import io.prometheus.metrics.model.registry.PrometheusRegistry;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.function.Supplier;

/** The admin port: `/metrics`, `/livez`, `/readyz`. */
public final class AdminServer {
    private final HttpServer server;
    private final ExecutorService threads =
            Executors.newFixedThreadPool(
                    2,
                    task -> {
                        Thread thread = new Thread(task, "admin");
                        thread.setDaemon(true);
                        return thread;
                    });
    private final PrometheusTextFormatWriter writer =
            PrometheusTextFormatWriter.builder().setIncludeCreatedTimestamps(false).build();

    /** {@code live} and {@code ready} tell what is wrong by name, nothing when all is well. */
    public AdminServer(
            InetSocketAddress listen,
            PrometheusRegistry registry,
            Supplier<Map<String, String>> live,
            Supplier<Map<String, String>> ready)
            throws IOException {
        server = HttpServer.create(listen, 16);
        server.setExecutor(threads);
        server.createContext(
                "/",
                exchange ->
                        answer(
                                exchange,
                                404,
                                "application/json",
                                "{}".getBytes(StandardCharsets.UTF_8)));
        server.createContext(
                "/metrics",
                exchange ->
                        answer(
                                exchange,
                                200,
                                PrometheusTextFormatWriter.CONTENT_TYPE,
                                scrape(registry)));
        server.createContext("/livez", exchange -> report(exchange, live.get()));
        server.createContext("/readyz", exchange -> report(exchange, ready.get()));
    }

    public void start() {
        server.start();
    }

    /** host:port as bound. */
    public String address() {
        return server.getAddress().getAddress().getHostAddress()
                + ":"
                + server.getAddress().getPort();
    }

    public void stop() {
        server.stop(0);
        threads.shutdownNow();
    }

    private byte[] scrape(PrometheusRegistry registry) throws IOException {
        ByteArrayOutputStream text = new ByteArrayOutputStream(16 * 1024);
        writer.write(text, registry.scrape());
        return text.toByteArray();
    }

    private static void report(HttpExchange exchange, Map<String, String> reasons)
            throws IOException {
        JsonObject named = new JsonObject();
        reasons.forEach(named::addProperty);
        JsonObject body = new JsonObject();
        body.addProperty("ok", reasons.isEmpty());
        body.add("reasons", named);
        byte[] json = body.toString().getBytes(StandardCharsets.UTF_8);
        answer(exchange, reasons.isEmpty() ? 200 : 503, "application/json", json);
    }

    private static void answer(HttpExchange exchange, int status, String type, byte[] body)
            throws IOException {
        try (exchange) {
            exchange.getResponseHeaders().set("Content-Type", type);
            boolean head = exchange.getRequestMethod().equals("HEAD");
            exchange.sendResponseHeaders(status, head ? -1 : body.length);
            if (!head) {
                exchange.getResponseBody().write(body);
            }
        }
    }
}
