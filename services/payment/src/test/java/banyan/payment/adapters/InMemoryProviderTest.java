package banyan.payment.adapters;

import banyan.payment.app.PaymentProvider;

class InMemoryProviderTest extends PaymentProviderContract {
    private final InMemoryProvider provider = new InMemoryProvider();

    @Override
    PaymentProvider provider() {
        return provider;
    }
}
