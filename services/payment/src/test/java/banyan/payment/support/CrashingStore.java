package banyan.payment.support;

import banyan.payment.app.PaymentStore;
import banyan.payment.domain.Payment;
import banyan.payment.domain.PaymentEvent;
import banyan.payment.domain.Pursuit.Lease;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.function.BooleanSupplier;
import java.util.function.Function;

/** A store that loses the process's work now and then: before a commit, or right after it. */
public final class CrashingStore implements PaymentStore {
    private final PaymentStore store;
    private final Random random;
    private volatile double rate;

    /** The process is gone. */
    public static final class Crash extends RuntimeException {
        private static final long serialVersionUID = 1L;
    }

    public CrashingStore(PaymentStore store, Random random) {
        this.store = store;
        this.random = random;
    }

    /** From 0 to 1: how often a transaction ends in a crash. */
    public void crashes(double often) {
        rate = often;
    }

    @Override
    public <T> T inTransaction(Function<Transaction, T> work) {
        boolean before = random.nextDouble() < rate / 2;
        T result =
                store.inTransaction(
                        tx -> {
                            T value = work.apply(tx);
                            if (before) {
                                throw new Crash();
                            }
                            return value;
                        });
        if (random.nextDouble() < rate / 2) {
            throw new Crash();
        }
        return result;
    }

    @Override
    public boolean insertFirst(Payment payment) {
        return crashing(() -> store.insertFirst(payment));
    }

    @Override
    public boolean settle(Payment changed, Lease lease, PaymentEvent event, Instant now) {
        return crashing(() -> store.settle(changed, lease, event, now));
    }

    private boolean crashing(BooleanSupplier step) {
        if (random.nextDouble() < rate / 2) {
            throw new Crash();
        }
        boolean result = step.getAsBoolean();
        if (random.nextDouble() < rate / 2) {
            throw new Crash();
        }
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
