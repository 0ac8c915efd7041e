package banyan.payment.platform;

import static org.assertj.core.api.Assertions.assertThat;

import banyan.payment.support.Eventually;
import io.grpc.MethodDescriptor;
import io.grpc.MethodDescriptor.Marshaller;
import io.grpc.MethodDescriptor.MethodType;
import io.grpc.Server;
import io.grpc.ServerServiceDefinition;
import io.grpc.netty.shaded.io.grpc.netty.NettyServerBuilder;
import io.grpc.stub.ServerCalls;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.util.HexFormat;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import org.junit.jupiter.api.Test;

class OtelTracingTest {
    private static final String SERVICE = "opentelemetry.proto.collector.trace.v1.TraceService";

    @Test
    void spans_reach_a_collector_as_children_of_their_callers() throws Exception {
        List<byte[]> received = new CopyOnWriteArrayList<>();
        Server collector = collector(received);
        try {
            TraceContext caller = TraceContext.startedFrom(null);
            try (Tracing tracing =
                    OtelTracing.otlp("payment", "http://127.0.0.1:" + collector.getPort())) {
                Tracing.Span span = tracing.start("Charge", Tracing.Kind.SERVER, caller);
                assertThat(span.context().traceId()).isEqualTo(caller.traceId());
                span.end("OK", false);
            }
            Eventually.holds(() -> !received.isEmpty());
            String bytes = HexFormat.of().formatHex(received.get(0));
            assertThat(bytes)
                    .contains(caller.traceId(), caller.spanId(), hex("Charge"), hex("payment"));
        } finally {
            collector.shutdownNow();
        }
    }

    @Test
    void a_trace_that_begins_here_is_recorded_as_live_settings_say() throws Exception {
        List<byte[]> received = new CopyOnWriteArrayList<>();
        Server collector = collector(received);
        try (Tracing tracing =
                OtelTracing.otlp("payment", "http://127.0.0.1:" + collector.getPort())) {
            TraceContext.sampleNewTraces(0);
            Tracing.Span silent = tracing.start("Silent", Tracing.Kind.INTERNAL, null);
            silent.end("OK", false);
            TraceContext.sampleNewTraces(100);
            tracing.start("Told", Tracing.Kind.INTERNAL, null).end("OK", false);
            assertThat(silent.context().sampled()).isFalse();
            Eventually.holds(() -> !received.isEmpty());
            String bytes = HexFormat.of().formatHex(received.get(0));
            assertThat(bytes).contains(hex("Told")).doesNotContain(hex("Silent"));
        } finally {
            TraceContext.sampleNewTraces(100);
            collector.shutdownNow();
        }
    }

    private static String hex(String text) {
        return HexFormat.of().formatHex(text.getBytes(StandardCharsets.UTF_8));
    }

    /** Takes export requests as the bytes they are. */
    private static Server collector(List<byte[]> received) throws IOException {
        MethodDescriptor<byte[], byte[]> export =
                MethodDescriptor.newBuilder(BYTES, BYTES)
                        .setType(MethodType.UNARY)
                        .setFullMethodName(SERVICE + "/Export")
                        .build();
        ServerServiceDefinition service =
                ServerServiceDefinition.builder(SERVICE)
                        .addMethod(
                                export,
                                ServerCalls.asyncUnaryCall(
                                        (request, observer) -> {
                                            received.add(request);
                                            observer.onNext(new byte[0]);
                                            observer.onCompleted();
                                        }))
                        .build();
        return NettyServerBuilder.forAddress(new InetSocketAddress("127.0.0.1", 0))
                .addService(service)
                .build()
                .start();
    }

    private static final Marshaller<byte[]> BYTES =
            new Marshaller<>() {
                @Override
                public InputStream stream(byte[] value) {
                    return new ByteArrayInputStream(value);
                }

                @Override
                public byte[] parse(InputStream stream) {
                    try {
                        return stream.readAllBytes();
                    } catch (IOException e) {
                        throw new UncheckedIOException(e);
                    }
                }
            };
}
