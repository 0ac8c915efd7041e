package banyan.payment.app;

import banyan.payment.app.PaymentProvider.Declined;
import banyan.payment.app.PaymentProvider.Known;
import banyan.payment.app.PaymentProvider.Succeeded;
import banyan.payment.app.PaymentStore.Transaction;
import banyan.payment.domain.Payment;
import banyan.payment.domain.PaymentEvent;
import banyan.payment.domain.PaymentState;
import banyan.payment.domain.Pursuit;
import banyan.payment.domain.Pursuit.Lease;
import banyan.payment.domain.Refund;
import java.time.Duration;
import java.time.Instant;
import java.util.Optional;

/** Records what became of a charge; shared by the use cases that find out. */
final class Charging {
    private final PaymentStore store;
    private final Tools tools;

    Charging(PaymentStore store, Tools tools) {
        this.store = store;
        this.tools = tools;
    }

    /**
     * The payment with the provider's answer on record.
     *
     * @param closed true when its order was closed meanwhile, and a refund of the charge is under
     *     way
     */
    record Recorded(Payment payment, boolean closed) {}

    /** What the provider said to the holder of the lease: in one step while nobody interfered. */
    Recorded recordKnown(Payment payment, Lease lease, Known known) {
        Instant now = tools.now();
        Payment changed = resolve(payment, known, now);
        return store.settle(changed, lease, outcome(changed), now)
                ? new Recorded(changed, false)
                : recordKnown(payment, known);
    }

    /**
     * What the provider said, whoever asked and however late: the same for every asker, so no lease
     * is needed.
     */
    Recorded recordKnown(Payment payment, Known known) {
        return store.inTransaction(
                tx -> {
                    Optional<String> closed = tx.lockOrder(payment.orderId());
                    Payment current = tx.lock(payment.id()).orElseThrow();
                    Instant now = tools.now();
                    Payment changed = apply(tx, current, known, now);
                    if (closed.isPresent() && !changed.refundable().isZero()) {
                        changed = refundRest(changed, closed.get(), now);
                    }
                    tx.update(changed);
                    return new Recorded(changed, closed.isPresent());
                });
    }

    private Payment apply(Transaction tx, Payment current, Known known, Instant now) {
        if (current.state().isPending()) {
            Payment changed = resolve(current, known, now);
            tx.publish(outcome(changed), now);
            return changed;
        }
        boolean late =
                current.state() instanceof PaymentState.Failed
                        && current.state().chargedId().isEmpty();
        if (late && known instanceof Succeeded charge) {
            return refundRest(current.chargedLate(charge.chargeId(), now), "LATE_CHARGE", now);
        }
        return late ? current.with(current.pursuit().over()) : current;
    }

    private static PaymentEvent outcome(Payment changed) {
        return changed.state() instanceof PaymentState.Succeeded
                ? new PaymentEvent.Charged(changed)
                : new PaymentEvent.Failed(changed);
    }

    private static Payment resolve(Payment current, Known known, Instant now) {
        if (known instanceof Succeeded charge) {
            return current.succeeded(charge.chargeId(), now);
        }
        if (known instanceof Declined refusal) {
            return current.declined(refusal.chargeId(), refusal.code(), now);
        }
        return current.failed(null, now);
    }

    /**
     * FAILED, if the lease is still ours: the provider knows nothing, and no request should take
     * effect any more.
     *
     * @param audit true when one had been in doubt, so that it is worth asking again later
     */
    Payment recordFailed(Payment payment, Lease lease, boolean audit) {
        return store.inTransaction(
                tx -> {
                    Payment current = tx.lock(payment.id()).orElseThrow();
                    if (!current.state().isPending()
                            || !current.pursuit().isHeldBy(lease.owner())) {
                        return current;
                    }
                    Instant now = tools.now();
                    Payment failed =
                            current.failed(
                                    audit ? tools.timing().nextAudit(Duration.ZERO, now) : null,
                                    now);
                    tx.publish(new PaymentEvent.Failed(failed), now);
                    tx.update(failed);
                    return failed;
                });
    }

    /**
     * Still not known: gives the lease back, if it is still ours, and leaves {@code next} in its
     * place.
     */
    Payment release(Payment payment, Lease lease, Pursuit next) {
        return store.inTransaction(
                tx -> {
                    Payment current = tx.lock(payment.id()).orElseThrow();
                    if (!current.pursuit().isHeldBy(lease.owner())) {
                        return current;
                    }
                    Payment released = current.with(next);
                    tx.update(released);
                    return released;
                });
    }

    /** With a refund of all that is left, for a worker to take up at once. */
    private Payment refundRest(Payment payment, String reason, Instant now) {
        return payment.refunding(
                Refund.asked(
                        tools.newId().get(), payment.refundable(), reason, Pursuit.from(now), now),
                now);
    }
}
