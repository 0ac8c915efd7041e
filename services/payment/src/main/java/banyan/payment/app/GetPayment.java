package banyan.payment.app;

import banyan.payment.domain.Payment;
import banyan.payment.domain.PaymentException;

/** One payment, for its owner and for staff. */
public final class GetPayment {
    private final PaymentStore store;

    public GetPayment(PaymentStore store) {
        this.store = store;
    }

    /**
     * @throws PaymentException PAYMENT_NOT_FOUND, also for a payment that is someone else's
     */
    public Payment get(Viewer viewer, String paymentId) {
        return store.find(paymentId)
                .filter(payment -> viewer.isStaff() || payment.userId().equals(viewer.userId()))
                .orElseThrow(() -> PaymentException.notFound(paymentId));
    }
}
