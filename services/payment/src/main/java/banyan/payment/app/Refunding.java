package banyan.payment.app;

import banyan.payment.app.PaymentProvider.RefundOutcome;
import banyan.payment.app.PaymentProvider.RefundRefused;
import banyan.payment.app.PaymentProvider.Refunded;
import banyan.payment.app.PaymentStore.Transaction;
import banyan.payment.domain.Payment;
import banyan.payment.domain.PaymentEvent;
import banyan.payment.domain.Pursuit.Lease;
import banyan.payment.domain.Refund;
import java.time.Instant;
import java.util.function.BiConsumer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Sends a refund under its own key and records the answer; shared by the use cases that pay back.
 */
final class Refunding {
    private static final Logger LOG = LoggerFactory.getLogger(Refunding.class);
    private static final BiConsumer<Transaction, Payment> NOTHING_MORE = (tx, payment) -> {};

    private final PaymentStore store;
    private final PaymentProvider provider;
    private final Tools tools;

    Refunding(PaymentStore store, PaymentProvider provider, Tools tools) {
        this.store = store;
        this.provider = provider;
        this.tools = tools;
    }

    /** The payment with this refund leased for sending. */
    Payment lease(Payment payment, String refundId, Lease lease, Instant now) {
        return payment.changing(
                refundId,
                each -> each.with(each.pursuit().sending(lease, now)),
                payment.updateTime());
    }

    Payment send(Payment payment, String refundId, Lease lease, Deadline deadline) {
        return send(payment, refundId, lease, deadline, NOTHING_MORE);
    }

    /**
     * One try; {@code also} runs in the transaction that records the answer. The refund is still
     * PENDING without one.
     */
    Payment send(
            Payment payment,
            String refundId,
            Lease lease,
            Deadline deadline,
            BiConsumer<Transaction, Payment> also) {
        Refund refund = payment.refund(refundId).orElseThrow();
        RefundOutcome outcome =
                provider.refund(refundId, payment.state().chargedId(), refund.amount(), deadline);
        if (outcome instanceof RefundRefused refused) {
            LOG.atError()
                    .addKeyValue("refund_id", refundId)
                    .addKeyValue("payment_id", payment.id())
                    .addKeyValue("code", refused.code())
                    .log("the provider refused a refund");
        }
        return store.inTransaction(
                tx -> {
                    Payment changed = record(tx, payment.id(), refundId, lease, outcome);
                    also.accept(tx, changed);
                    return changed;
                });
    }

    private Payment record(
            Transaction tx, String paymentId, String refundId, Lease lease, RefundOutcome outcome) {
        Payment current = tx.lock(paymentId).orElseThrow();
        if (!current.refund(refundId).orElseThrow().isPending()) {
            return current; // another replica had the same answer first
        }
        Instant now = tools.now();
        Payment changed;
        if (outcome instanceof Refunded done) {
            changed = current.changing(refundId, each -> each.succeeded(done.refundId(), now), now);
            tx.publish(
                    new PaymentEvent.Refunded(changed, changed.refund(refundId).orElseThrow()),
                    now);
        } else if (outcome instanceof RefundRefused) {
            changed = current.changing(refundId, each -> each.failed(now), now);
        } else {
            changed =
                    current.changing(
                            refundId, each -> later(each, lease, now), current.updateTime());
        }
        tx.update(changed);
        return changed;
    }

    private static Refund later(Refund refund, Lease lease, Instant now) {
        if (!refund.pursuit().isHeldBy(lease.owner())) {
            return refund;
        }
        Instant next = Timing.nextTry(refund.pursuit().attempts(), now);
        return refund.with(refund.pursuit().released(next, refund.pursuit().doubtSince()));
    }
}
