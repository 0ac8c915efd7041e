package banyan.payment.app;

import banyan.payment.app.PaymentStore.Request;
import banyan.payment.app.PaymentStore.Transaction;
import banyan.payment.domain.Money;
import banyan.payment.domain.Payment;
import banyan.payment.domain.PaymentException;
import banyan.payment.domain.Pursuit;
import banyan.payment.domain.Pursuit.Lease;
import banyan.payment.domain.Refund;
import java.time.Instant;
import java.util.Optional;
import java.util.function.BiFunction;

/** Pays back a part or all of a charge, for staff. */
public final class RefundPayment {
    private final PaymentStore store;
    private final Tools tools;
    private final Refunding refunding;

    public RefundPayment(PaymentStore store, PaymentProvider provider, Tools tools) {
        this.store = store;
        this.tools = tools;
        this.refunding = new Refunding(store, provider, tools);
    }

    /**
     * What is asked for.
     *
     * @param amount empty for all that is left
     */
    public record Command(
            Request request, String paymentId, Optional<Money> amount, String reason) {}

    /**
     * The encoded answer.
     *
     * @param replayed true when it is the first answer to an earlier request
     */
    public record Result(byte[] answer, boolean replayed) {}

    private record Begun(Payment payment, String refundId, Lease lease, byte[] replay) {}

    /**
     * Counts the refund, then asks the provider; a refund without an answer by {@code deadline}
     * stays PENDING and is retried.
     *
     * @param encode makes the answer, which is kept for repeats
     * @throws PaymentException PAYMENT_NOT_FOUND, PAYMENT_NOT_CHARGED, REFUND_EXCEEDS_CHARGE,
     *     IDEMPOTENCY_KEY_REUSED, REQUEST_IN_PROGRESS while the first with this key runs
     */
    public Result refund(
            Command command, BiFunction<Payment, Refund, byte[]> encode, Deadline deadline) {
        Begun begun = store.inTransaction(tx -> begin(tx, command, encode, deadline));
        if (begun.replay() != null) {
            return new Result(begun.replay(), true);
        }
        Payment paid =
                refunding.send(
                        begun.payment(),
                        begun.refundId(),
                        begun.lease(),
                        deadline,
                        (tx, payment) ->
                                tx.keepAnswer(
                                        command.request(),
                                        encoded(payment, begun.refundId(), encode)));
        return new Result(encoded(paid, begun.refundId(), encode), false);
    }

    private Begun begin(
            Transaction tx,
            Command command,
            BiFunction<Payment, Refund, byte[]> encode,
            Deadline deadline) {
        Instant now = tools.now();
        Optional<byte[]> first = tx.firstAnswer(command.request(), now);
        if (first.isPresent()) {
            return new Begun(null, null, null, first.get());
        }
        Payment payment =
                tx.lock(command.paymentId())
                        .orElseThrow(() -> PaymentException.notFound(command.paymentId()));
        Lease lease = tools.lease(now);
        String id = tools.newId().get();
        Money amount = command.amount().orElseGet(payment::refundable);
        Refund refund =
                Refund.asked(
                        id, amount, command.reason(), Pursuit.from(now).sending(lease, now), now);
        Payment refunded = payment.refunding(refund, now);
        tx.update(refunded);
        tx.keepAnswerMeanwhile(
                command.request(), encoded(refunded, id, encode), now.plus(deadline.remaining()));
        return new Begun(refunded, id, lease, null);
    }

    private static byte[] encoded(
            Payment payment, String refundId, BiFunction<Payment, Refund, byte[]> encode) {
        return encode.apply(payment, payment.refund(refundId).orElseThrow());
    }
}
