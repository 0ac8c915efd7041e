package banyan.payment.platform;

import io.grpc.Context;
import java.util.HexFormat;
import java.util.concurrent.ThreadLocalRandom;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * One span's place in a trace (W3C).
 *
 * @param traceId 32 lower-case hex digits
 * @param spanId 16 lower-case hex digits
 */
public record TraceContext(String traceId, String spanId, boolean sampled) {
    /** The span that the running work belongs to; follows a call through gRPC's own context. */
    public static final Context.Key<TraceContext> KEY = Context.key("trace");

    private static volatile double share = 1;
    private static final Pattern FORMAT =
            Pattern.compile("([0-9a-f]{2})-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})");

    /**
     * The caller's span; null when the header is absent or malformed, so that a new trace begins.
     */
    public static TraceContext parse(String traceparent) {
        Matcher match = traceparent == null ? null : FORMAT.matcher(traceparent);
        if (match == null
                || !match.matches()
                || match.group(1).equals("ff")
                || match.group(2).equals("0".repeat(32))
                || match.group(3).equals("0".repeat(16))) {
            return null;
        }
        boolean sampled = (Integer.parseInt(match.group(4), 16) & 1) == 1;
        return new TraceContext(match.group(2), match.group(3), sampled);
    }

    /** From now on {@code percent} (0 to 100) of the traces that begin here are to be recorded. */
    static void sampleNewTraces(double percent) {
        share = percent / 100;
    }

    /** The first span of a new trace, or a child of {@code parent}. */
    public static TraceContext startedFrom(TraceContext parent) {
        return parent == null
                ? new TraceContext(hex64() + hex64(), hex64(), toBeRecorded())
                : new TraceContext(parent.traceId, hex64(), parent.sampled);
    }

    /**
     * The header that makes the next hop's span a child of the running one; empty outside a trace.
     */
    public static String currentTraceparent() {
        TraceContext current = KEY.get();
        return current == null ? "" : current.traceparent();
    }

    public String traceparent() {
        return "00-" + traceId + "-" + spanId + (sampled ? "-01" : "-00");
    }

    private static boolean toBeRecorded() {
        return share >= 1 || ThreadLocalRandom.current().nextDouble() < share;
    }

    private static String hex64() {
        long bits = ThreadLocalRandom.current().nextLong();
        return HexFormat.of().toHexDigits(bits == 0 ? 1 : bits);
    }
}
