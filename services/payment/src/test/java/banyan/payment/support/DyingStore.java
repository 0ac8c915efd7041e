package banyan.payment.support;

import banyan.payment.app.PaymentStore;
import banyan.payment.domain.Payment;
import banyan.payment.domain.PaymentEvent;
import banyan.payment.domain.Pursuit.Lease;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import java.util.function.BooleanSupplier;
import java.util.function.Function;

/** The store of a process that may die before each commit, and right after it. */
public record DyingStore(PaymentStore store, Deaths deaths) implements PaymentStore {
    @Override
    public <T> T inTransaction(Function<Transaction, T> work) {
        T result =
                store.inTransaction(
                        tx -> {
                            T value = work.apply(tx);
                            deaths.reach();
                            return value;
                        });
        deaths.reach();
        return result;
    }

    @Override
    public boolean insertFirst(Payment payment) {
        return dying(() -> store.insertFirst(payment));
    }

    @Override
    public boolean settle(Payment changed, Lease lease, PaymentEvent event, Instant now) {
        return dying(() -> store.settle(changed, lease, event, now));
    }

    private boolean dying(BooleanSupplier step) {
        deaths.reach();
        boolean result = step.getAsBoolean();
        deaths.reach();
        return result;
    }

    @Override
    public Optional<Payment> find(String paymentId) {
        return store.find(paymentId);
    }

    @Override
    public List<Payment> list(Query query) {
        return store.list(query);
    }

    @Override
    public long countPending() {
        return store.countPending();
    }
}
