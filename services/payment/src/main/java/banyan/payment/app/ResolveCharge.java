package banyan.payment.app;

import banyan.payment.app.PaymentProvider.Known;
import banyan.payment.app.PaymentProvider.Lookup;
import banyan.payment.app.PaymentProvider.Nothing;
import banyan.payment.domain.Payment;
import banyan.payment.domain.Pursuit;
import banyan.payment.domain.Pursuit.Lease;
import java.time.Duration;
import java.time.Instant;
import java.util.Optional;

/** Finds out what became of a charge, without its card token: by asking, never by charging. */
public final class ResolveCharge {
    private final PaymentStore store;
    private final PaymentProvider provider;
    private final Tools tools;
    private final Charging charging;

    public ResolveCharge(PaymentStore store, PaymentProvider provider, Tools tools) {
        this.store = store;
        this.provider = provider;
        this.tools = tools;
        this.charging = new Charging(store, tools);
    }

    /** Takes up the charge that has waited longest; false when none is due. */
    public boolean next() {
        Instant now = tools.now();
        Lease lease = tools.lease(now);
        Optional<Payment> due =
                store.inTransaction(
                        tx -> {
                            Optional<Payment> found =
                                    tx.lockDueCharge(now)
                                            .map(each -> each.with(each.pursuit().leased(lease)));
                            found.ifPresent(tx::update);
                            return found;
                        });
        due.ifPresent(
                payment ->
                        ask(
                                payment,
                                lease,
                                Deadline.after(tools.timing().call()),
                                tools.timing().giveUp()));
        return due.isPresent();
    }

    /**
     * Takes up this charge at once, if nobody else has it; for an order that is closed, so that
     * nobody will try again.
     */
    Payment now(Payment payment, Deadline deadline) {
        Instant now = tools.now();
        Lease lease = tools.lease(now);
        Payment leased =
                store.inTransaction(
                        tx -> {
                            Payment current = tx.lock(payment.id()).orElseThrow();
                            if (!current.state().isPending() || !current.pursuit().isFree(now)) {
                                return current;
                            }
                            Payment mine = current.with(current.pursuit().leased(lease));
                            tx.update(mine);
                            return mine;
                        });
        return leased.pursuit().isHeldBy(lease.owner())
                ? ask(leased, lease, deadline, Duration.ZERO)
                : leased;
    }

    private Payment ask(Payment payment, Lease lease, Deadline deadline, Duration giveUp) {
        Lookup answer = provider.findCharge(payment.id(), deadline);
        Optional<Known> known = PaymentProvider.found(answer);
        if (known.isPresent()) {
            return charging.recordKnown(payment, known.get()).payment();
        }
        Instant now = tools.now();
        Pursuit pursuit = payment.pursuit();
        Duration age =
                pursuit.age(now).orElseGet(() -> Duration.between(payment.createTime(), now));
        if (!payment.state().isPending()) {
            return charging.release(
                    payment,
                    lease,
                    pursuit.released(audit(answer, age, now), pursuit.doubtSince()));
        }
        boolean over =
                pursuit.isSettled(now, tools.timing().settle()) && age.compareTo(giveUp) >= 0;
        if (answer instanceof Nothing && over) {
            return charging.recordFailed(payment, lease, pursuit.doubtSince() != null);
        }
        return charging.release(
                payment,
                lease,
                pursuit.released(tools.timing().nextLook(age, now), pursuit.doubtSince()));
    }

    /** An audit ends only with an answer: without one it is repeated, however old. */
    private Instant audit(Lookup answer, Duration age, Instant now) {
        Duration counted = answer instanceof Nothing ? age : Duration.ZERO;
        return tools.timing().nextAudit(counted, now);
    }
}
