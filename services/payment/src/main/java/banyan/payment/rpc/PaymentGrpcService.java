package banyan.payment.rpc;

import banyan.payment.app.ChargeOrder;
import banyan.payment.app.Deadline;
import banyan.payment.app.GetPayment;
import banyan.payment.app.ListPayments;
import banyan.payment.app.PaymentStore;
import banyan.payment.app.RefundOrder;
import banyan.payment.app.RefundPayment;
import banyan.payment.app.Viewer;
import banyan.payment.contract.ProtoMapper;
import banyan.payment.domain.Money;
import banyan.payment.platform.CallScope;
import banyan.payment.platform.Identity;
import banyan.payment.v1.ChargeRequest;
import banyan.payment.v1.ChargeResponse;
import banyan.payment.v1.GetPaymentRequest;
import banyan.payment.v1.GetPaymentResponse;
import banyan.payment.v1.ListPaymentsRequest;
import banyan.payment.v1.ListPaymentsResponse;
import banyan.payment.v1.PaymentServiceGrpc;
import banyan.payment.v1.RefundOrderRequest;
import banyan.payment.v1.RefundOrderResponse;
import banyan.payment.v1.RefundPaymentRequest;
import banyan.payment.v1.RefundPaymentResponse;
import com.google.protobuf.InvalidProtocolBufferException;
import io.grpc.stub.StreamObserver;
import java.time.Duration;
import java.util.Locale;
import java.util.Optional;

/** The contract's RPCs: map, call the use case, map back. */
public final class PaymentGrpcService extends PaymentServiceGrpc.PaymentServiceImplBase {
    private static final Duration MOST = Duration.ofSeconds(10);
    private static final Duration MARGIN = Duration.ofMillis(50);

    private final UseCases useCases;

    /** What the RPCs call. */
    public record UseCases(
            ChargeOrder charge,
            RefundOrder refundOrder,
            RefundPayment refundPayment,
            GetPayment get,
            ListPayments list) {}

    public PaymentGrpcService(UseCases useCases) {
        this.useCases = useCases;
    }

    @Override
    public void charge(ChargeRequest request, StreamObserver<ChargeResponse> observer) {
        var command =
                new ChargeOrder.Command(
                        id(request.getOrderId()),
                        id(request.getUserId()),
                        money(request.getAmount()),
                        request.getPaymentToken());
        ChargeOrder.Result result = useCases.charge().charge(command, deadline());
        if (result.repeated()) {
            CallScope.markReplayed();
        }
        reply(
                observer,
                ChargeResponse.newBuilder()
                        .setPayment(ProtoMapper.payment(result.payment()))
                        .build());
    }

    @Override
    public void refundOrder(
            RefundOrderRequest request, StreamObserver<RefundOrderResponse> observer) {
        var response = RefundOrderResponse.newBuilder();
        useCases.refundOrder()
                .refund(id(request.getOrderId()), request.getReason(), deadline())
                .map(ProtoMapper::payment)
                .ifPresent(response::setPayment);
        reply(observer, response.build());
    }

    @Override
    public void refundPayment(
            RefundPaymentRequest request, StreamObserver<RefundPaymentResponse> observer) {
        var key =
                new PaymentStore.Request(
                        CallScope.identity().caller(),
                        "RefundPayment",
                        request.getRequestId(),
                        Hashes.of(request));
        Optional<Money> amount =
                request.hasAmount() ? Optional.of(money(request.getAmount())) : Optional.empty();
        String reason = request.getReason().isEmpty() ? "STAFF" : request.getReason();
        var command = new RefundPayment.Command(key, id(request.getPaymentId()), amount, reason);
        RefundPayment.Result result =
                useCases.refundPayment()
                        .refund(
                                command,
                                (payment, refund) ->
                                        RefundPaymentResponse.newBuilder()
                                                .setPayment(ProtoMapper.payment(payment))
                                                .setRefund(ProtoMapper.refund(refund))
                                                .build()
                                                .toByteArray(),
                                deadline());
        if (result.replayed()) {
            CallScope.markReplayed();
        }
        reply(observer, parsed(result.answer()));
    }

    @Override
    public void getPayment(GetPaymentRequest request, StreamObserver<GetPaymentResponse> observer) {
        var payment = useCases.get().get(viewer(), id(request.getPaymentId()));
        reply(
                observer,
                GetPaymentResponse.newBuilder().setPayment(ProtoMapper.payment(payment)).build());
    }

    @Override
    public void listPayments(
            ListPaymentsRequest request, StreamObserver<ListPaymentsResponse> observer) {
        Optional<String> order =
                Optional.of(id(request.getOrderId())).filter(text -> !text.isEmpty());
        ListPayments.Page page =
                useCases.list()
                        .list(viewer(), order, request.getPageSize(), request.getPageToken());
        var response = ListPaymentsResponse.newBuilder().setNextPageToken(page.nextToken());
        page.payments().forEach(payment -> response.addPayments(ProtoMapper.payment(payment)));
        reply(observer, response.build());
    }

    private static Viewer viewer() {
        Identity identity = CallScope.identity();
        return new Viewer(id(identity.userId()), identity.isStaff());
    }

    private static Deadline deadline() {
        return Deadline.after(CallScope.budget(MOST, MARGIN));
    }

    /** Ids are compared as text, and stored as lower case. */
    private static String id(String uuid) {
        return uuid.toLowerCase(Locale.ROOT);
    }

    private static Money money(banyan.common.v1.Money money) {
        if (money.getMinorUnits() < 0) {
            throw banyan.payment.domain.PaymentException.invalid(
                    "amount.minor_units", "must not be negative");
        }
        return new Money(money.getMinorUnits(), money.getCurrencyCode());
    }

    private static RefundPaymentResponse parsed(byte[] answer) {
        try {
            return RefundPaymentResponse.parseFrom(answer);
        } catch (InvalidProtocolBufferException e) {
            throw new IllegalStateException("a kept answer can't be read", e);
        }
    }

    private static <T> void reply(StreamObserver<T> observer, T response) {
        observer.onNext(response);
        observer.onCompleted();
    }
}
