package banyan.payment.platform;

import io.grpc.Context;
import io.grpc.ForwardingServerCall.SimpleForwardingServerCall;
import io.grpc.Metadata;
import io.grpc.ServerCall;
import io.grpc.Status;
import java.time.Duration;
import java.util.EnumSet;
import java.util.Set;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.slf4j.event.Level;

/**
 * A call being answered: closed at most once, with what the handler adds to its initial metadata.
 */
final class Answer<Q, A> extends SimpleForwardingServerCall<Q, A> {
    /** What a handler adds to the response's initial metadata. */
    static final Context.Key<Metadata> HEADERS = Context.key("response-headers");

    private static final Logger LOG = LoggerFactory.getLogger(Answer.class);
    private static final Duration SLOW = Duration.ofMillis(500);
    private static final Set<Status.Code> FAULTS =
            EnumSet.of(
                    Status.Code.UNKNOWN,
                    Status.Code.DEADLINE_EXCEEDED,
                    Status.Code.UNIMPLEMENTED,
                    Status.Code.INTERNAL,
                    Status.Code.UNAVAILABLE,
                    Status.Code.DATA_LOSS);

    private final Tracing.Span span;
    private final Context context;
    private final long start = System.nanoTime();
    // Callbacks of one call never overlap, so plain fields will do.
    private boolean closed;
    private boolean ended;

    Answer(ServerCall<Q, A> call, Tracing.Span span, Context context) {
        super(call);
        this.span = span;
        this.context = context;
    }

    @Override
    public void sendHeaders(Metadata headers) {
        headers.merge(HEADERS.get(context));
        super.sendHeaders(headers);
    }

    @Override
    public void close(Status status, Metadata trailers) {
        closed = true;
        end(status);
        super.close(status, trailers);
    }

    void closeOnce(Status status, Metadata trailers) {
        if (!closed) {
            close(status, trailers);
        }
    }

    boolean isClosed() {
        return closed;
    }

    /** Ends the span and writes the call's line, once. */
    void end(Status status) {
        if (ended) {
            return;
        }
        ended = true;
        span.end(status.getCode().name(), FAULTS.contains(status.getCode()));
        Duration took = Duration.ofNanos(System.nanoTime() - start);
        boolean slow = took.compareTo(SLOW) > 0;
        LOG.atLevel(slow ? Level.WARN : Level.DEBUG)
                .addKeyValue("rpc", getMethodDescriptor().getFullMethodName())
                .addKeyValue("status", status.getCode().name())
                .addKeyValue("duration_ms", took.toMillis())
                .log(slow ? "slow call" : "call");
    }
}
