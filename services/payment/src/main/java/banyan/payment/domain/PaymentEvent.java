package banyan.payment.domain;

/** A fact that others may react to, told in the transaction that makes it one. */
public sealed interface PaymentEvent {
    /** The payment as it is after the fact. */
    Payment payment();

    /** The money is taken. */
    record Charged(Payment payment) implements PaymentEvent {}

    /** Declined or failed; nothing was taken. */
    record Failed(Payment payment) implements PaymentEvent {}

    /** A refund succeeded. */
    record Refunded(Payment payment, Refund refund) implements PaymentEvent {}
}
