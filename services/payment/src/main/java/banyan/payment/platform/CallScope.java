package banyan.payment.platform;

import io.grpc.Context;
import io.grpc.Deadline;
import io.grpc.Metadata;
import java.time.Duration;
import java.util.concurrent.TimeUnit;

/** What a handler may know of the call it answers. */
public final class CallScope {
    private static final Metadata.Key<String> REPLAYED =
            Metadata.Key.of("banyan-idempotency-replayed", Metadata.ASCII_STRING_MARSHALLER);

    private CallScope() {}

    public static Identity identity() {
        return Identity.KEY.get();
    }

    /**
     * What is left until the caller gives up, but at most {@code most}, less a margin for the way
     * back.
     */
    public static Duration budget(Duration most, Duration margin) {
        Deadline deadline = Context.current().getDeadline();
        if (deadline == null) {
            return most;
        }
        Duration left =
                Duration.ofNanos(deadline.timeRemaining(TimeUnit.NANOSECONDS)).minus(margin);
        return left.compareTo(most) < 0 ? left : most;
    }

    /** Marks the answer as one that was given before. */
    public static void markReplayed() {
        Answer.HEADERS.get().put(REPLAYED, "true");
    }
}
