package banyan.payment.app;

import banyan.payment.domain.Payment;
import banyan.payment.domain.PaymentException;
import banyan.payment.domain.Pursuit;
import banyan.payment.domain.Pursuit.Lease;
import banyan.payment.domain.Refund;
import java.time.Instant;
import java.util.Optional;

/**
 * Closes an order for charging and pays back what was taken for it. A repeat goes on where the last
 * call stopped, so it needs no record of its own.
 */
public final class RefundOrder {
    private final PaymentStore store;
    private final Tools tools;
    private final Refunding refunding;
    private final ResolveCharge resolve;

    public RefundOrder(PaymentStore store, PaymentProvider provider, Tools tools) {
        this.store = store;
        this.tools = tools;
        this.refunding = new Refunding(store, provider, tools);
        this.resolve = new ResolveCharge(store, provider, tools);
    }

    /**
     * The payment with everything paid back; empty when the order was never charged. A charge in
     * the air is paid back as soon as it is known, also when nobody calls again.
     *
     * @throws PaymentException REFUND_PENDING: not finished by {@code deadline}
     */
    public Optional<Payment> refund(String orderId, String reason, Deadline deadline) {
        Optional<Payment> charged =
                store.inTransaction(
                        tx -> {
                            tx.lockOrder(orderId);
                            tx.closeOrder(orderId, reason, tools.now());
                            return tx.lockByOrder(orderId);
                        });
        if (charged.isEmpty()) {
            return charged;
        }
        Payment payment = charged.get();
        if (payment.state().isPending()) {
            payment = resolve.now(payment, deadline);
        }
        payment = sendAll(payment.id(), reason, deadline);
        boolean open =
                payment.state().isPending()
                        || payment.refunds().stream().anyMatch(Refund::isPending);
        if (open) {
            throw PaymentException.refundPending(orderId);
        }
        return Optional.of(payment);
    }

    /** Asks for what is left, then sends each refund that nobody is sending. */
    private Payment sendAll(String paymentId, String reason, Deadline deadline) {
        Instant now = tools.now();
        Lease lease = tools.lease(now);
        Payment leased =
                store.inTransaction(
                        tx -> {
                            Payment payment = tx.lock(paymentId).orElseThrow();
                            if (!payment.refundable().isZero()) {
                                payment =
                                        payment.refunding(
                                                Refund.asked(
                                                        tools.newId().get(),
                                                        payment.refundable(),
                                                        reason,
                                                        Pursuit.from(now),
                                                        now),
                                                now);
                            }
                            for (Refund refund : payment.refunds()) {
                                if (refund.isPending() && refund.pursuit().isFree(now)) {
                                    payment = refunding.lease(payment, refund.id(), lease, now);
                                }
                            }
                            tx.update(payment);
                            return payment;
                        });
        Payment latest = leased;
        for (Refund refund : leased.refunds()) {
            if (refund.isPending() && refund.pursuit().isHeldBy(lease.owner())) {
                latest = refunding.send(latest, refund.id(), lease, deadline);
            }
        }
        return latest;
    }
}
