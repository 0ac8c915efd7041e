package banyan.payment.platform;

/** Makes spans: ids always, records of them only when an exporter is configured. */
public interface Tracing extends AutoCloseable {
    /** What a span stands for. */
    enum Kind {
        SERVER,
        CLIENT,
        INTERNAL
    }

    /** A piece of work. */
    interface Span {
        TraceContext context();

        /** Ends it, once; {@code status} is a short word such as `OK` or `NOT_FOUND`. */
        void end(String status, boolean failed);
    }

    /** A span of which nobody hears. */
    record Unrecorded(TraceContext context) implements Span {
        @Override
        public void end(String status, boolean failed) {
            // nothing is recorded
        }
    }

    /** A span that is a child of {@code parent}, or the first of a new trace when that is null. */
    Span start(String name, Kind kind, TraceContext parent);

    /** Flushes what is recorded, within two seconds. */
    @Override
    void close();

    /** Ids only: enough for logs, and for the next hop. */
    static Tracing idsOnly() {
        return new Tracing() {
            @Override
            public Span start(String name, Kind kind, TraceContext parent) {
                return new Unrecorded(TraceContext.startedFrom(parent));
            }

            @Override
            public void close() {
                // nothing is recorded
            }
        };
    }
}
