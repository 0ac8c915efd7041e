package banyan.payment.adapters;

import banyan.payment.app.PaymentStore;

class InMemoryPaymentStoreTest extends PaymentStoreContract {
    private final InMemoryPaymentStore store = new InMemoryPaymentStore();

    @Override
    PaymentStore store() {
        return store;
    }

    @Override
    long events() {
        return store.events().size();
    }
}
