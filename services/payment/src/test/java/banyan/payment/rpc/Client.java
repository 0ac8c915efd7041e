package banyan.payment.rpc;

import banyan.payment.support.World;
import banyan.payment.v1.ChargeRequest;
import banyan.payment.v1.PaymentServiceGrpc;
import banyan.payment.v1.PaymentServiceGrpc.PaymentServiceBlockingStub;
import com.google.protobuf.InvalidProtocolBufferException;
import com.google.protobuf.Message;
import com.google.rpc.ErrorInfo;
import io.grpc.ManagedChannel;
import io.grpc.ManagedChannelBuilder;
import io.grpc.Metadata;
import io.grpc.StatusRuntimeException;
import io.grpc.protobuf.StatusProto;
import io.grpc.stub.MetadataUtils;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;

/** A caller of the service, as the gateway or another service would be. */
public final class Client implements AutoCloseable {
    private final ManagedChannel channel;
    private final AtomicReference<Metadata> headers = new AtomicReference<>();
    private final AtomicReference<Metadata> trailers = new AtomicReference<>();

    public Client(String address) {
        this.channel =
                ManagedChannelBuilder.forTarget(address)
                        .usePlaintext()
                        .intercept(MetadataUtils.newCaptureMetadataInterceptor(headers, trailers))
                        .build();
    }

    public ManagedChannel channel() {
        return channel;
    }

    /** Metadata in pairs: name, value. */
    public PaymentServiceBlockingStub stub(String... pairs) {
        Metadata metadata = new Metadata();
        for (int i = 0; i < pairs.length; i += 2) {
            metadata.put(Metadata.Key.of(pairs[i], Metadata.ASCII_STRING_MARSHALLER), pairs[i + 1]);
        }
        return PaymentServiceGrpc.newBlockingStub(channel)
                .withDeadlineAfter(10, TimeUnit.SECONDS)
                .withInterceptors(MetadataUtils.newAttachHeadersInterceptor(metadata));
    }

    public PaymentServiceBlockingStub asUser(String user) {
        return stub("banyan-user", user, "banyan-roles", "customer");
    }

    public PaymentServiceBlockingStub asStaff() {
        return stub("banyan-user", World.newOrder(), "banyan-roles", "customer,staff");
    }

    /** Whether the last answer was marked as one given before. */
    public boolean replayed() {
        String value =
                headers.get()
                        .get(
                                Metadata.Key.of(
                                        "banyan-idempotency-replayed",
                                        Metadata.ASCII_STRING_MARSHALLER));
        return "true".equals(value);
    }

    public static ChargeRequest charge(String order, String user, String token) {
        return ChargeRequest.newBuilder()
                .setOrderId(order)
                .setUserId(user)
                .setAmount(euros(1299))
                .setPaymentToken(token)
                .setRequestId(order)
                .build();
    }

    public static banyan.common.v1.Money euros(long minor) {
        return banyan.common.v1.Money.newBuilder()
                .setMinorUnits(minor)
                .setCurrencyCode("EUR")
                .build();
    }

    /** A detail of an error, of this type. */
    public static <T extends Message> T detail(StatusRuntimeException error, Class<T> type) {
        return StatusProto.fromThrowable(error).getDetailsList().stream()
                .filter(any -> any.is(type))
                .map(
                        any -> {
                            try {
                                return any.unpack(type);
                            } catch (InvalidProtocolBufferException e) {
                                throw new IllegalStateException(e);
                            }
                        })
                .findFirst()
                .orElseThrow();
    }

    public static String reason(StatusRuntimeException error) {
        return detail(error, ErrorInfo.class).getReason();
    }

    @Override
    public void close() {
        channel.shutdownNow();
    }
}
