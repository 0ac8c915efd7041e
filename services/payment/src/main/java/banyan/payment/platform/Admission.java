package banyan.payment.platform;

import com.google.common.util.concurrent.MoreExecutors;
import io.grpc.Metadata;
import io.grpc.ServerCall;
import io.grpc.ServerCallExecutorSupplier;
import io.grpc.ServerStreamTracer;
import io.grpc.Status;
import java.time.Duration;
import java.util.concurrent.Executor;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * Counts and times calls from the moment they arrive to their end, and sheds what is more than the
 * server can take.
 *
 * <p>A call that is too many is answered on the connection's own thread: waiting for a worker only
 * to be refused would make the refusal as late as the work.
 */
final class Admission extends ServerStreamTracer.Factory implements ServerCallExecutorSupplier {
    // Set on arrival, read by the two later stages; a value from outside is dropped.
    private static final Metadata.Key<String> SHED =
            Metadata.Key.of("banyan-shed", Metadata.ASCII_STRING_MARSHALLER);
    private static final String OURS = "banyan.";

    private final AtomicInteger inFlight = new AtomicInteger();
    private final int limit;
    private final Executor workers;
    private final Metrics metrics;

    /**
     * @param limit calls at once, waiting ones included
     */
    Admission(int limit, Executor workers, Metrics metrics) {
        this.limit = limit;
        this.workers = workers;
        this.metrics = metrics;
    }

    @Override
    public ServerStreamTracer newServerStreamTracer(String fullMethodName, Metadata headers) {
        headers.discardAll(SHED);
        if (!fullMethodName.startsWith(OURS)) {
            return new ServerStreamTracer() {}; // health and reflection always pass, uncounted
        }
        if (inFlight.incrementAndGet() > limit) {
            headers.put(SHED, "1");
        }
        metrics.serverInFlight.set(inFlight.get());
        return new Timer(fullMethodName);
    }

    @Override
    public <Q, A> Executor getExecutor(ServerCall<Q, A> call, Metadata headers) {
        return headers.containsKey(SHED) ? MoreExecutors.directExecutor() : workers;
    }

    /** Refuses a call that was found to be one too many. */
    void check(Metadata headers) {
        if (headers.containsKey(SHED)) {
            metrics.serverShed.inc();
            throw RpcFailure.of(
                            Status.Code.RESOURCE_EXHAUSTED,
                            "OVERLOADED",
                            "too many calls in flight")
                    .retryAfter(Duration.ofMillis(200))
                    .raised();
        }
    }

    private final class Timer extends ServerStreamTracer {
        private final long start = System.nanoTime();
        private final AtomicBoolean closed = new AtomicBoolean();
        private final String service;
        private final String method;

        Timer(String fullMethodName) {
            int slash = fullMethodName.indexOf('/');
            this.service = fullMethodName.substring(0, Math.max(slash, 0));
            this.method = fullMethodName.substring(slash + 1);
        }

        @Override
        public void streamClosed(Status status) {
            if (closed.compareAndSet(false, true)) {
                metrics.serverInFlight.set(inFlight.decrementAndGet());
                metrics.serverDuration
                        .labelValues(service, method, status.getCode().name())
                        .observe((System.nanoTime() - start) / 1e9);
            }
        }
    }
}
