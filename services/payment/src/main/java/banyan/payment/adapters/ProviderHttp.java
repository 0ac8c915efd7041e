package banyan.payment.adapters;

import banyan.payment.app.Deadline;
import com.google.gson.JsonObject;
import com.google.gson.JsonParseException;
import com.google.gson.JsonParser;
import java.io.IOException;
import java.net.ConnectException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpConnectTimeoutException;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.net.http.HttpTimeoutException;
import java.security.GeneralSecurityException;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Executor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.Supplier;
import javax.net.ssl.SSLContext;
import javax.net.ssl.TrustManager;

/** JSON over HTTP with one limit for the whole exchange, the answer's last byte included. */
public final class ProviderHttp {
    private static final Duration MARGIN = Duration.ofMillis(20);
    private static final Duration CONNECT = Duration.ofMillis(500);

    private final HttpClient client;
    private final URI base;
    private final Duration limit;
    private final Supplier<String> traceparent;

    /**
     * @param limit the most that one exchange may take
     * @param executor runs the client's own small tasks
     */
    public ProviderHttp(URI base, Duration limit, Executor executor, Supplier<String> traceparent) {
        HttpClient.Builder builder =
                HttpClient.newBuilder()
                        .version(HttpClient.Version.HTTP_1_1)
                        .connectTimeout(CONNECT)
                        .executor(executor);
        this.client =
                (base.getScheme().equals("http") ? builder.sslContext(trustingNobody()) : builder)
                        .build();
        this.base = base;
        this.limit = limit;
        this.traceparent = traceparent;
    }

    /** The request certainly never reached the provider. */
    static final class NotSent extends IOException {
        private static final long serialVersionUID = 1L;

        NotSent(String message) {
            super(message);
        }
    }

    /** An answer, whatever its status. */
    record Answer(int status, String body) {
        JsonObject json() throws IOException {
            try {
                return JsonParser.parseString(body).getAsJsonObject();
            } catch (JsonParseException | IllegalStateException e) {
                throw new IOException("the provider's answer is no JSON object", e);
            }
        }

        /** The provider's error code; the status when it gave none. */
        String error() {
            try {
                JsonObject json = json();
                return json.has("error") ? json.get("error").getAsString() : "HTTP " + status;
            } catch (IOException e) {
                return "HTTP " + status;
            }
        }
    }

    Answer post(String path, String key, JsonObject body, Deadline deadline) throws IOException {
        HttpRequest.Builder request =
                HttpRequest.newBuilder(base.resolve(path))
                        .header("Content-Type", "application/json")
                        .header("Idempotency-Key", key)
                        .POST(BodyPublishers.ofString(body.toString()));
        return send(request, deadline);
    }

    Answer get(String path, Deadline deadline) throws IOException {
        return send(HttpRequest.newBuilder(base.resolve(path)).GET(), deadline);
    }

    /** Sends; once more when the connection was refused, for then nothing was sent. */
    private Answer send(HttpRequest.Builder request, Deadline deadline) throws IOException {
        String trace = traceparent.get();
        if (!trace.isEmpty()) {
            request.header("traceparent", trace);
        }
        try {
            return exchange(request.build(), deadline);
        } catch (NotSent e) {
            return exchange(request.build(), deadline);
        }
    }

    /** Spares a plain HTTP client from reading the machine's certificates, a tenth of the start. */
    private static SSLContext trustingNobody() {
        try {
            SSLContext context = SSLContext.getInstance("TLS");
            context.init(null, new TrustManager[0], null);
            return context;
        } catch (GeneralSecurityException e) {
            throw new IllegalStateException("every Java has TLS", e);
        }
    }

    private Answer exchange(HttpRequest request, Deadline deadline) throws IOException {
        Duration left = deadline.remaining(limit).minus(MARGIN);
        if (left.isNegative() || left.isZero()) {
            throw new NotSent("no time left");
        }
        CompletableFuture<HttpResponse<String>> future =
                client.sendAsync(request, BodyHandlers.ofString());
        try {
            HttpResponse<String> response = future.get(left.toNanos(), TimeUnit.NANOSECONDS);
            return new Answer(response.statusCode(), response.body());
        } catch (TimeoutException e) {
            future.cancel(
                    true); // closes the connection; what was sent may take effect all the same
            throw new HttpTimeoutException("no answer in time");
        } catch (ExecutionException e) {
            throw failure(e.getCause());
        } catch (InterruptedException e) {
            future.cancel(true);
            Thread.currentThread().interrupt();
            throw new IOException("interrupted", e);
        }
    }

    private static IOException failure(Throwable cause) {
        if (cause instanceof ConnectException || cause instanceof HttpConnectTimeoutException) {
            return new NotSent("no connection");
        }
        return cause instanceof IOException io ? io : new IOException(cause);
    }
}
