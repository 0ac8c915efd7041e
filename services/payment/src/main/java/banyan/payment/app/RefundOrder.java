package banyan.payment.app;

import banyan.payment.app.PaymentStore.Transaction;
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
        Lease lease = tools.lease(tools.now());
        Optional<Payment> charged =
                store.inTransaction(
                        tx -> {
                            tx.lockOrder(orderId);
                            tx.closeOrder(orderId, reason, tools.now());
                            return tx.lockByOrder(orderId)
                                    .map(payment -> takeUp(tx, payment, reason, lease));
                        });
        if (charged.isEmpty()) {
            return charged;
        }
        Payment payment = charged.get();
        if (payment.state().isPending()) {
            String id = resolve.now(payment, deadline).id();
            payment =
                    store.inTransaction(tx -> takeUp(tx, tx.lock(id).orElseThrow(), reason, lease));
        }
        payment = send(payment, lease, deadline);
        boolean open =
                payment.state().isPending()
                        || payment.refunds().stream().anyMatch(Refund::isPending);
        if (open) {
            throw PaymentException.refundPending(orderId);
        }
        return Optional.of(payment);
    }

    /**
     * Asks for what is left, in the transaction that closes the order, and leases each refund that
     * nobody is sending.
     */
    private Payment takeUp(Transaction tx, Payment payment, String reason, Lease lease) {
        if (payment.state().isPending()) {
            return payment;
        }
        Instant now = tools.now();
        Payment changed = payment;
        if (!payment.refundable().isZero()) {
            Refund rest =
                    Refund.asked(
                            tools.newId().get(),
                            payment.refundable(),
                            reason,
                            Pursuit.from(now),
                            now);
            changed = payment.refunding(rest, now);
        }
        for (Refund refund : changed.refunds()) {
            if (refund.isPending() && refund.pursuit().isFree(now)) {
                changed = refunding.lease(changed, refund.id(), lease, now);
            }
        }
        tx.update(changed);
        return changed;
    }

    private Payment send(Payment payment, Lease lease, Deadline deadline) {
        Payment latest = payment;
        for (Refund refund : payment.refunds()) {
            if (refund.isPending() && refund.pursuit().isHeldBy(lease.owner())) {
                latest = refunding.send(latest, refund.id(), lease, deadline);
            }
        }
        return latest;
    }
}
