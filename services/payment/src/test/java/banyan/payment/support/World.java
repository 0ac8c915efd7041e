package banyan.payment.support;

import banyan.payment.app.ChargeOrder;
import banyan.payment.app.Deadline;
import banyan.payment.app.PaymentStore;
import banyan.payment.app.RefundOrder;
import banyan.payment.app.RefundPayment;
import banyan.payment.app.ResolveCharge;
import banyan.payment.app.RetryRefund;
import banyan.payment.app.Timing;
import banyan.payment.app.Tools;
import banyan.payment.domain.Money;
import banyan.payment.domain.Payment;
import banyan.payment.platform.UuidV7;
import java.time.Duration;
import java.util.Optional;
import java.util.UUID;

/** The use cases around a store, a moody provider and a clock set by hand. */
public final class World {
    public static final String USER = UUID.randomUUID().toString();

    public final FakeClock clock;
    public final MoodyProvider provider;
    public final Tools tools;
    public final PaymentStore store;
    public final ChargeOrder charge;
    public final RefundOrder refundOrder;
    public final RefundPayment refundPayment;
    public final ResolveCharge resolve;
    public final RetryRefund retry;

    public World(PaymentStore store) {
        this(store, new FakeClock(), new MoodyProvider());
    }

    /** One more process of the same service. */
    public World(PaymentStore store, FakeClock clock, MoodyProvider provider) {
        this.store = store;
        this.clock = clock;
        this.provider = provider;
        this.tools = new Tools(clock, new UuidV7(clock), Timing.defaults());
        this.charge = new ChargeOrder(store, provider, tools);
        this.refundOrder = new RefundOrder(store, provider, tools);
        this.refundPayment = new RefundPayment(store, provider, tools);
        this.resolve = new ResolveCharge(store, provider, tools);
        this.retry = new RetryRefund(store, provider, tools);
    }

    public static String newOrder() {
        return UUID.randomUUID().toString();
    }

    public static Money eur(long minor) {
        return new Money(minor, "EUR");
    }

    public static Deadline soon() {
        return Deadline.after(Duration.ofSeconds(3));
    }

    public Payment charge(String order, String token) {
        return charge(order, token, 1299);
    }

    public Payment charge(String order, String token, long minor) {
        return charge.charge(new ChargeOrder.Command(order, USER, eur(minor), token), soon())
                .payment();
    }

    public Optional<Payment> refundOrder(String order) {
        return refundOrder.refund(order, "ORDER_CANCELLED", soon());
    }

    /** A refund of a part; the answer is the refund's id and state. */
    public String refund(String payment, long minor, String requestId) {
        var request =
                new PaymentStore.Request(
                        "staff", "RefundPayment", requestId, new byte[] {(byte) minor});
        var command = new RefundPayment.Command(request, payment, Optional.of(eur(minor)), "STAFF");
        byte[] answer =
                refundPayment
                        .refund(
                                command,
                                (paid, refund) -> (refund.id() + " " + refund.state()).getBytes(),
                                soon())
                        .answer();
        return new String(answer);
    }

    public Payment find(Payment payment) {
        return store.find(payment.id()).orElseThrow();
    }
}
