package banyan.payment.support;

import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** The broker, and the stand-in for the payment provider. */
public final class Servers {
    private Servers() {}

    /** A running provider. */
    public record Provider(Child process, URI url) implements AutoCloseable {
        /** Everything on its books. */
        public JsonObject ledger() {
            return send(HttpRequest.newBuilder(url.resolve("/v1/ledger?limit=1000")).GET());
        }

        /** What goes wrong from now on, e.g. {@code {"down":true}}; {@code {}} for nothing. */
        public void fault(String plan) {
            send(
                    HttpRequest.newBuilder(url.resolve("/_control"))
                            .header("Content-Type", "application/json")
                            .POST(BodyPublishers.ofString(plan)));
        }

        /** Charges of this order on the books. */
        public long charges(String orderId) {
            return ledger().getAsJsonArray("charges").asList().stream()
                    .filter(
                            each ->
                                    each.getAsJsonObject()
                                            .get("reference")
                                            .getAsString()
                                            .equals(orderId))
                    .count();
        }

        private static JsonObject send(HttpRequest.Builder request) {
            try {
                HttpClient client =
                        HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).build();
                HttpResponse<String> answer = client.send(request.build(), BodyHandlers.ofString());
                if (answer.statusCode() != 200) {
                    throw new IllegalStateException(
                            "the stand-in answered " + answer.statusCode() + answer.body());
                }
                return JsonParser.parseString(answer.body()).getAsJsonObject();
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            } catch (InterruptedException e) {
                throw new IllegalStateException(e);
            }
        }

        @Override
        public void close() {
            process.close();
        }
    }

    public static Provider provider() {
        String data = temporary("payment-provider");
        Child child =
                Child.start(
                        List.of(
                                Repo.tool("python"),
                                "-m",
                                "local.standins.payment_provider",
                                "--listen",
                                "127.0.0.1:0",
                                "--data",
                                data),
                        Map.of());
        return new Provider(
                child, URI.create("http://" + child.event("ready").get("http").getAsString()));
    }

    /** A running NATS with JetStream. */
    public record Nats(Child process, String url) implements AutoCloseable {
        @Override
        public void close() {
            process.close();
        }
    }

    public static Nats nats() {
        return nats(-1, temporary("payment-nats"));
    }

    /**
     * @param port -1 for any
     */
    public static Nats nats(int port, String data) {
        Child child =
                Child.start(
                        List.of(
                                Repo.tool("nats-server"),
                                "-a",
                                "127.0.0.1",
                                "-p",
                                "" + port,
                                "-js",
                                "-sd",
                                data),
                        Map.of());
        Pattern listening = Pattern.compile("client connections on 127\\.0\\.0\\.1:(\\d+)");
        Matcher match = listening.matcher(child.line(line -> listening.matcher(line).find()));
        child.line(line -> line.contains("Server is ready"));
        return new Nats(child, match.find() ? "nats://127.0.0.1:" + match.group(1) : "");
    }

    /** A directory that is gone when the tests have ended. */
    public static String temporary(String name) {
        try {
            return Leftovers.directory(name).toString();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
