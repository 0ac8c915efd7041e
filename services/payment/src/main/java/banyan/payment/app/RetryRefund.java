package banyan.payment.app;

import banyan.payment.domain.Payment;
import banyan.payment.domain.Pursuit.Lease;
import banyan.payment.domain.Refund;
import java.time.Instant;
import java.util.Optional;

/** Sends refunds that are still PENDING, for ever: money owed stays owed. */
public final class RetryRefund {
    private final PaymentStore store;
    private final Tools tools;
    private final Refunding refunding;

    public RetryRefund(PaymentStore store, PaymentProvider provider, Tools tools) {
        this.store = store;
        this.tools = tools;
        this.refunding = new Refunding(store, provider, tools);
    }

    private record Taken(Payment payment, String refundId) {}

    /** Takes up the refund that has waited longest; false when none is due. */
    public boolean next() {
        Instant now = tools.now();
        Lease lease = tools.lease(now);
        Optional<Taken> taken =
                store.inTransaction(
                        tx ->
                                tx.lockDueRefund(now)
                                        .map(
                                                payment -> {
                                                    Refund due =
                                                            payment.refunds().stream()
                                                                    .filter(
                                                                            each ->
                                                                                    each.pursuit()
                                                                                            .isDue(
                                                                                                    now))
                                                                    .findFirst()
                                                                    .orElseThrow();
                                                    Payment leased =
                                                            refunding.lease(
                                                                    payment, due.id(), lease, now);
                                                    tx.update(leased);
                                                    return new Taken(leased, due.id());
                                                }));
        taken.ifPresent(
                each ->
                        refunding.send(
                                each.payment(),
                                each.refundId(),
                                lease,
                                Deadline.after(tools.timing().call())));
        return taken.isPresent();
    }
}
