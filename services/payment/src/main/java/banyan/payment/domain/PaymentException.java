package banyan.payment.domain;

import java.util.Map;

/**
 * Why a use case refuses. Callers branch on {@link #reason()}, never on the message.
 *
 * <pre>
 * PaymentException
 * ├── INVALID_ARGUMENT     INVALID_ARGUMENT, PAGE_TOKEN_INVALID (with the field)
 * ├── NOT_FOUND            PAYMENT_NOT_FOUND
 * ├── ABORTED              REQUEST_IN_PROGRESS (the first with this key runs)
 * ├── FAILED_PRECONDITION  IDEMPOTENCY_KEY_REUSED, PAYMENT_CLOSED, PAYMENT_NOT_CHARGED, REFUND_EXCEEDS_CHARGE
 * └── UNAVAILABLE          PROVIDER_UNAVAILABLE (nothing was charged), REFUND_PENDING, DATABASE_UNAVAILABLE: call again
 * </pre>
 */
public final class PaymentException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    /** The canonical status, by its own name. */
    public enum Kind {
        INVALID_ARGUMENT,
        NOT_FOUND,
        ABORTED,
        FAILED_PRECONDITION,
        UNAVAILABLE
    }

    private final Kind kind;
    private final String reason;
    private final String field;
    private final transient Map<String, String> metadata;

    private PaymentException(
            Kind kind, String reason, String message, String field, Map<String, String> metadata) {
        super(message);
        this.kind = kind;
        this.reason = reason;
        this.field = field;
        this.metadata = metadata;
    }

    public Kind kind() {
        return kind;
    }

    /** UPPER_SNAKE, for programs. */
    public String reason() {
        return reason;
    }

    /** The request's field at fault, empty when it is no single one's. */
    public String field() {
        return field;
    }

    public Map<String, String> metadata() {
        return metadata;
    }

    public static PaymentException invalid(String field, String message) {
        return new PaymentException(
                Kind.INVALID_ARGUMENT, "INVALID_ARGUMENT", message, field, Map.of());
    }

    public static PaymentException pageTokenInvalid() {
        String message = "the page token is not one of this query; start again without it";
        return new PaymentException(
                Kind.INVALID_ARGUMENT, "PAGE_TOKEN_INVALID", message, "page_token", Map.of());
    }

    public static PaymentException notFound(String paymentId) {
        return new PaymentException(
                Kind.NOT_FOUND,
                "PAYMENT_NOT_FOUND",
                "there is no such payment",
                "",
                Map.of("payment_id", paymentId));
    }

    public static PaymentException keyReused(String requestId) {
        return precondition(
                "IDEMPOTENCY_KEY_REUSED",
                "this request_id came with another body before",
                Map.of("request_id", requestId));
    }

    public static PaymentException orderClosed(String orderId) {
        return precondition(
                "PAYMENT_CLOSED",
                "the order can't be charged any more",
                Map.of("order_id", orderId));
    }

    public static PaymentException notCharged(Payment payment) {
        return precondition(
                "PAYMENT_NOT_CHARGED",
                "there is nothing to pay back",
                Map.of("payment_id", payment.id()));
    }

    public static PaymentException refundExceedsCharge(Payment payment, Money asked) {
        return precondition(
                "REFUND_EXCEEDS_CHARGE",
                "more than is left of the charge",
                Map.of(
                        "payment_id", payment.id(),
                        "asked_minor", Long.toString(asked.minorUnits()),
                        "left_minor", Long.toString(payment.refundable().minorUnits())));
    }

    /** The first request with this key is still running; its repeat gets the answer later. */
    public static PaymentException requestInProgress(String requestId) {
        return new PaymentException(
                Kind.ABORTED,
                "REQUEST_IN_PROGRESS",
                "the first request of this key is running; call again",
                "",
                Map.of("request_id", requestId));
    }

    public static PaymentException providerUnavailable() {
        return new PaymentException(
                Kind.UNAVAILABLE,
                "PROVIDER_UNAVAILABLE",
                "the provider can't be reached; nothing was charged",
                "",
                Map.of());
    }

    public static PaymentException refundPending(String orderId) {
        return new PaymentException(
                Kind.UNAVAILABLE,
                "REFUND_PENDING",
                "the refund is under way; call again",
                "",
                Map.of("order_id", orderId));
    }

    /**
     * The database can't be reached in time; what is recorded and what is not, a repeat finds out.
     */
    public static PaymentException storeUnavailable(Throwable cause) {
        String message = "the database can't be reached; call again";
        PaymentException e =
                new PaymentException(
                        Kind.UNAVAILABLE, "DATABASE_UNAVAILABLE", message, "", Map.of());
        e.initCause(cause);
        return e;
    }

    private static PaymentException precondition(
            String reason, String message, Map<String, String> metadata) {
        return new PaymentException(Kind.FAILED_PRECONDITION, reason, message, "", metadata);
    }
}
