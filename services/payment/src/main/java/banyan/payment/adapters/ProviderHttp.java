package banyan.payment.adapters;

import banyan.payment.app.Deadline;
import com.google.gson.JsonObject;
import com.google.gson.JsonParseException;
import com.google.gson.JsonParser;
import java.io.IOException;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Supplier;
import okhttp3.Call;
import okhttp3.ConnectionPool;
import okhttp3.ConnectionSpec;
import okhttp3.HttpUrl;
import okhttp3.Interceptor;
import okhttp3.MediaType;
import okhttp3.OkHttpClient;
import okhttp3.Protocol;
import okhttp3.Request;
import okhttp3.RequestBody;
import okhttp3.Response;

/**
 * JSON over HTTP with one limit for the whole exchange, the answer's last byte included. The
 * calling thread does the exchange itself.
 */
public final class ProviderHttp implements AutoCloseable {
    private static final Duration MARGIN = Duration.ofMillis(20);
    private static final Duration CONNECT = Duration.ofMillis(500);
    // Shorter than any server's: a connection that the other side is closing breaks a charge in the
    // middle.
    private static final Duration KEEP_ALIVE = Duration.ofSeconds(2);

    /** Why nothing was sent when the deadline was too near. */
    static final String NO_TIME = "no time left";

    private static final int MAX_IDLE = 32;
    private static final MediaType JSON = MediaType.get("application/json");

    private final OkHttpClient client;
    private final HttpUrl base;
    private final Duration limit;
    private final Supplier<String> traceparent;
    private final RetryBudget budget = new RetryBudget();
    private final Runnable repeated;

    /**
     * @param limit the most that one exchange may take
     * @param traceparent gives the running work's trace context, empty when there is none
     * @param repeated is told of each exchange beyond a request's first
     */
    public ProviderHttp(URI base, Duration limit, Supplier<String> traceparent, Runnable repeated) {
        this.repeated = repeated;
        this.base = HttpUrl.get(base.toString());
        OkHttpClient.Builder builder =
                new OkHttpClient.Builder()
                        .protocols(List.of(Protocol.HTTP_1_1))
                        .connectionPool(
                                new ConnectionPool(
                                        MAX_IDLE, KEEP_ALIVE.toMillis(), TimeUnit.MILLISECONDS))
                        .connectTimeout(CONNECT)
                        .readTimeout(Duration.ZERO) // the limit of the whole exchange holds
                        .writeTimeout(Duration.ZERO)
                        .retryOnConnectionFailure(false)
                        .followRedirects(false)
                        .addNetworkInterceptor(ProviderHttp::noteSending);
        if (!this.base.isHttps()) {
            // Spares the start from reading the machine's certificates, a tenth of it.
            builder.connectionSpecs(List.of(ConnectionSpec.CLEARTEXT));
        }
        this.client = builder.build();
        this.limit = limit;
        this.traceparent = traceparent;
    }

    /** Runs on an open connection, before the first byte of the request is written. */
    private static Response noteSending(Interceptor.Chain chain) throws IOException {
        Request request = chain.request();
        AtomicBoolean sending = request.tag(AtomicBoolean.class);
        if (sending != null) {
            sending.set(true);
        }
        return chain.proceed(request);
    }

    /** The request certainly never reached the provider. */
    static final class NotSent extends IOException {
        private static final long serialVersionUID = 1L;

        private boolean repeatable;

        NotSent(String message, boolean repeatable) {
            super(message);
            this.repeatable = repeatable;
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
        byte[] text = body.toString().getBytes(StandardCharsets.UTF_8);
        Request.Builder request =
                to(path).header("Idempotency-Key", key).post(RequestBody.create(text, JSON));
        return send(request, deadline);
    }

    Answer get(String path, Deadline deadline) throws IOException {
        return send(to(path), deadline);
    }

    private Request.Builder to(String path) {
        HttpUrl url = base.resolve(path);
        if (url == null) {
            throw new IllegalArgumentException("no path: " + path);
        }
        return new Request.Builder().url(url);
    }

    /**
     * Sends; once more, as long as the budget lasts, when there was no connection, for then nothing
     * was sent.
     */
    private Answer send(Request.Builder request, Deadline deadline) throws IOException {
        String trace = traceparent.get();
        if (!trace.isEmpty()) {
            request.header("traceparent", trace);
        }
        try {
            return counted(request, deadline);
        } catch (NotSent e) {
            if (!e.repeatable) {
                throw e;
            }
            repeated.run();
            return counted(request, deadline);
        }
    }

    /** One exchange, taken into account by the budget. */
    private Answer counted(Request.Builder request, Deadline deadline) throws IOException {
        try {
            Answer answer = exchange(request, deadline);
            if (answer.status() < 500) {
                budget.succeeded();
            } else {
                budget.failed();
            }
            return answer;
        } catch (NotSent e) {
            e.repeatable = budget.failed() && e.repeatable;
            throw e;
        } catch (IOException e) {
            budget.failed();
            throw e;
        }
    }

    private Answer exchange(Request.Builder request, Deadline deadline) throws IOException {
        Duration left = deadline.remaining(limit).minus(MARGIN);
        if (left.isNegative() || left.isZero()) {
            throw new NotSent(NO_TIME, false);
        }
        AtomicBoolean sending = new AtomicBoolean();
        Call call = client.newCall(request.tag(AtomicBoolean.class, sending).build());
        call.timeout().timeout(left.toNanos(), TimeUnit.NANOSECONDS);
        try (Response response = call.execute()) {
            return new Answer(response.code(), response.body().string());
        } catch (IOException e) {
            if (!sending.get()) {
                throw new NotSent("no connection", true);
            }
            throw e; // what was sent may take effect all the same
        }
    }

    /** Closes the connections at rest. */
    @Override
    public void close() {
        client.connectionPool().evictAll();
    }
}
