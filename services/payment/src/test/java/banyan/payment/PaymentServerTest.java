package banyan.payment;

import static banyan.payment.rpc.Client.charge;
import static banyan.payment.rpc.Client.euros;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import banyan.payment.rpc.Client;
import banyan.payment.support.MoodyProvider.Mood;
import banyan.payment.support.World;
import banyan.payment.v1.ChargeRequest;
import banyan.payment.v1.GetPaymentRequest;
import banyan.payment.v1.ListPaymentsRequest;
import banyan.payment.v1.Payment;
import banyan.payment.v1.PaymentState;
import banyan.payment.v1.RefundOrderRequest;
import banyan.payment.v1.RefundPaymentRequest;
import banyan.payment.v1.RefundState;
import com.google.rpc.BadRequest;
import com.google.rpc.ErrorInfo;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import java.util.Map;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** The contract as its callers see it: a real server, a real client, fakes behind. */
class PaymentServerTest {
    private static RunningApp running;
    private static Client client;
    private final String order = World.newOrder();
    private final String user = World.newOrder();

    @BeforeAll
    static void start() {
        running = new RunningApp(Map.of());
        client = running.client;
    }

    @AfterAll
    static void stop() {
        running.close();
    }

    @AfterEach
    void heal() {
        running.provider.requests = Mood.WELL;
    }

    private Payment charged() {
        return client.stub().charge(charge(order, user, "tok_ok")).getPayment();
    }

    private static StatusRuntimeException refused(
            Status.Code code, String reason, ThrowingCallable call) {
        StatusRuntimeException error = catchThrowableOfType(StatusRuntimeException.class, call);
        assertThat(error).isNotNull();
        assertThat(error.getStatus().getCode()).isEqualTo(code);
        assertThat(Client.reason(error)).isEqualTo(reason);
        assertThat(Client.detail(error, ErrorInfo.class).getDomain()).isEqualTo("payment.banyan");
        return error;
    }

    @Test
    void a_charge_comes_back_whole_and_its_repeat_is_marked() {
        Payment payment = charged();
        assertThat(payment.getState()).isEqualTo(PaymentState.PAYMENT_STATE_SUCCEEDED);
        assertThat(payment.getAmount()).isEqualTo(euros(1299));
        assertThat(payment.getRefunded()).isEqualTo(euros(0));
        assertThat(payment.getProviderChargeId()).startsWith("ch_");
        assertThat(payment.hasCreateTime()).isTrue();
        assertThat(client.replayed()).isFalse();
        assertThat(charged()).isEqualTo(payment);
        assertThat(client.replayed()).isTrue();
    }

    @Test
    void upper_case_ids_are_the_same_ids() {
        Payment payment = charged();
        ChargeRequest upper = charge(order.toUpperCase(java.util.Locale.ROOT), user, "tok_ok");
        assertThat(client.stub().charge(upper).getPayment()).isEqualTo(payment);
    }

    @Test
    void a_request_against_the_rules_is_refused_with_each_field() {
        ChargeRequest bad =
                ChargeRequest.newBuilder()
                        .setOrderId("x")
                        .setUserId(user)
                        .setAmount(
                                banyan.common.v1.Money.newBuilder()
                                        .setMinorUnits(1)
                                        .setCurrencyCode("eur"))
                        .setRequestId(order)
                        .build();
        var error =
                refused(
                        Status.Code.INVALID_ARGUMENT,
                        "INVALID_ARGUMENT",
                        () -> client.stub().charge(bad));
        assertThat(Client.detail(error, BadRequest.class).getFieldViolationsList())
                .extracting(BadRequest.FieldViolation::getField)
                .containsExactlyInAnyOrder("order_id", "amount.currency_code", "payment_token");
    }

    @Test
    void an_amount_out_of_range_names_its_field() {
        ChargeRequest free = charge(order, user, "tok_ok").toBuilder().setAmount(euros(0)).build();
        var error =
                refused(
                        Status.Code.INVALID_ARGUMENT,
                        "INVALID_ARGUMENT",
                        () -> client.stub().charge(free));
        assertThat(Client.detail(error, BadRequest.class).getFieldViolations(0).getField())
                .isEqualTo("amount.minor_units");
    }

    @Test
    void a_provider_that_is_down_is_unavailable() {
        running.provider.requests = Mood.DOWN;
        refused(Status.Code.UNAVAILABLE, "PROVIDER_UNAVAILABLE", this::charged);
    }

    @Test
    void what_needs_a_user_or_staff_says_so() {
        Payment payment = charged();
        GetPaymentRequest get =
                GetPaymentRequest.newBuilder().setPaymentId(payment.getPaymentId()).build();
        RefundPaymentRequest refund =
                RefundPaymentRequest.newBuilder()
                        .setPaymentId(payment.getPaymentId())
                        .setRequestId("r")
                        .build();
        refused(
                Status.Code.UNAUTHENTICATED,
                "UNAUTHENTICATED",
                () -> client.stub().getPayment(get));
        refused(
                Status.Code.UNAUTHENTICATED,
                "UNAUTHENTICATED",
                () -> client.stub().refundPayment(refund));
        refused(
                Status.Code.PERMISSION_DENIED,
                "STAFF_ONLY",
                () -> client.asUser(user).refundPayment(refund));
        refused(
                Status.Code.NOT_FOUND,
                "PAYMENT_NOT_FOUND",
                () -> client.asUser(World.newOrder()).getPayment(get));
        assertThat(client.asUser(user).getPayment(get).getPayment()).isEqualTo(payment);
        assertThat(client.asStaff().getPayment(get).getPayment()).isEqualTo(payment);
    }

    @Test
    void a_refund_is_replayed_with_its_first_answer() {
        Payment payment = charged();
        var staff = client.asStaff();
        RefundPaymentRequest request =
                RefundPaymentRequest.newBuilder()
                        .setPaymentId(payment.getPaymentId())
                        .setAmount(euros(300))
                        .setRequestId("first")
                        .build();
        var first = staff.refundPayment(request);
        assertThat(first.getRefund().getState()).isEqualTo(RefundState.REFUND_STATE_SUCCEEDED);
        assertThat(first.getRefund().getReason()).isEqualTo("STAFF");
        assertThat(first.getPayment().getRefunded()).isEqualTo(euros(300));
        assertThat(client.replayed()).isFalse();
        staff.refundPayment(request.toBuilder().setRequestId("second").build());
        assertThat(staff.refundPayment(request)).isEqualTo(first);
        assertThat(client.replayed()).isTrue();
        refused(
                Status.Code.FAILED_PRECONDITION,
                "IDEMPOTENCY_KEY_REUSED",
                () -> staff.refundPayment(request.toBuilder().setAmount(euros(301)).build()));
        var error =
                refused(
                        Status.Code.FAILED_PRECONDITION,
                        "REFUND_EXCEEDS_CHARGE",
                        () ->
                                staff.refundPayment(
                                        request.toBuilder()
                                                .setAmount(euros(700))
                                                .setRequestId("third")
                                                .build()));
        assertThat(Client.detail(error, ErrorInfo.class).getMetadataMap())
                .containsEntry("left_minor", "699");
    }

    @Test
    void an_order_is_closed_by_its_refund() {
        charged();
        RefundOrderRequest refund =
                RefundOrderRequest.newBuilder()
                        .setOrderId(order)
                        .setReason("ORDER_CANCELLED")
                        .setRequestId("r")
                        .build();
        assertThat(client.stub().refundOrder(refund).getPayment().getRefunded())
                .isEqualTo(euros(1299));
        refused(Status.Code.FAILED_PRECONDITION, "PAYMENT_CLOSED", this::charged);
        String never = World.newOrder();
        assertThat(
                        client.stub()
                                .refundOrder(refund.toBuilder().setOrderId(never).build())
                                .hasPayment())
                .isFalse();
    }

    @Test
    void a_user_lists_their_own_payments_page_by_page() {
        Payment first = charged();
        Payment second =
                client.stub().charge(charge(World.newOrder(), user, "tok_ok")).getPayment();
        client.stub().charge(charge(World.newOrder(), World.newOrder(), "tok_ok"));
        var page =
                client.asUser(user)
                        .listPayments(ListPaymentsRequest.newBuilder().setPageSize(1).build());
        assertThat(page.getPaymentsList()).containsExactly(second);
        var rest =
                client.asUser(user)
                        .listPayments(
                                ListPaymentsRequest.newBuilder()
                                        .setPageSize(1)
                                        .setPageToken(page.getNextPageToken())
                                        .build());
        assertThat(rest.getPaymentsList()).containsExactly(first);
        assertThat(rest.getNextPageToken()).isEmpty();
        refused(
                Status.Code.INVALID_ARGUMENT,
                "PAGE_TOKEN_INVALID",
                () ->
                        client.asUser(user)
                                .listPayments(
                                        ListPaymentsRequest.newBuilder()
                                                .setPageToken("junk")
                                                .build()));
    }
}
