package banyan.payment.platform;

import io.opentelemetry.api.trace.SpanContext;
import io.opentelemetry.api.trace.SpanKind;
import io.opentelemetry.api.trace.StatusCode;
import io.opentelemetry.api.trace.TraceFlags;
import io.opentelemetry.api.trace.TraceState;
import io.opentelemetry.api.trace.Tracer;
import io.opentelemetry.context.Context;
import io.opentelemetry.exporter.otlp.trace.OtlpGrpcSpanExporter;
import io.opentelemetry.sdk.resources.Resource;
import io.opentelemetry.sdk.trace.SdkTracerProvider;
import io.opentelemetry.sdk.trace.export.BatchSpanProcessor;
import io.opentelemetry.sdk.trace.export.SpanExporter;
import java.util.concurrent.TimeUnit;

/** Spans recorded by OpenTelemetry; only loaded when there is somewhere to send them. */
public final class OtelTracing implements Tracing {
    private static final io.opentelemetry.api.common.AttributeKey<String> SERVICE_NAME =
            io.opentelemetry.api.common.AttributeKey.stringKey("service.name");

    private final SdkTracerProvider provider;
    private final Tracer tracer;

    private OtelTracing(String service, SpanExporter exporter) {
        Resource resource =
                Resource.getDefault().merge(Resource.builder().put(SERVICE_NAME, service).build());
        this.provider =
                SdkTracerProvider.builder()
                        .setResource(resource)
                        .addSpanProcessor(BatchSpanProcessor.builder(exporter).build())
                        .build();
        this.tracer = provider.get("banyan.platform");
    }

    /** Exports to an OTLP collector over gRPC, e.g. `http://localhost:4317`. */
    public static Tracing otlp(String service, String endpoint) {
        return new OtelTracing(
                service, OtlpGrpcSpanExporter.builder().setEndpoint(endpoint).build());
    }

    @Override
    public Span start(String name, Kind kind, TraceContext parent) {
        Context context = Context.root();
        if (parent == null) {
            // Whether a trace that begins here is recorded is not the SDK's to say.
            TraceContext fresh = TraceContext.startedFrom(null);
            if (!fresh.sampled()) {
                return new Unrecorded(fresh);
            }
        } else {
            TraceFlags flags = parent.sampled() ? TraceFlags.getSampled() : TraceFlags.getDefault();
            SpanContext remote =
                    SpanContext.createFromRemoteParent(
                            parent.traceId(), parent.spanId(), flags, TraceState.getDefault());
            context = context.with(io.opentelemetry.api.trace.Span.wrap(remote));
        }
        return new Recorded(
                tracer.spanBuilder(name)
                        .setSpanKind(SpanKind.valueOf(kind.name()))
                        .setParent(context)
                        .startSpan());
    }

    @Override
    public void close() {
        provider.shutdown().join(2, TimeUnit.SECONDS);
    }

    private record Recorded(io.opentelemetry.api.trace.Span span) implements Span {
        @Override
        public TraceContext context() {
            SpanContext ids = span.getSpanContext();
            return new TraceContext(ids.getTraceId(), ids.getSpanId(), ids.isSampled());
        }

        @Override
        public void end(String status, boolean failed) {
            span.setAttribute("rpc.grpc.status_code", status);
            if (failed) {
                span.setStatus(StatusCode.ERROR, status);
            }
            span.end();
        }
    }
}
