package banyan.payment.support;

import banyan.payment.adapters.InMemoryProvider;
import banyan.payment.app.Deadline;
import banyan.payment.app.PaymentProvider;
import banyan.payment.domain.Money;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicInteger;

/** A provider with real books and unreliable answers. */
public final class MoodyProvider implements PaymentProvider {
    /** What happens to a request. */
    public enum Mood {
        WELL,
        /** Refuses connections. */
        DOWN,
        /** Does it, and its answer is lost. */
        DOES_AND_LOSES_ANSWER,
        /** Does not see it, at least not now, and the caller can't know. */
        LOSES_REQUEST
    }

    public final InMemoryProvider books = new InMemoryProvider();
    public final AtomicInteger chargeRequests = new AtomicInteger();
    public volatile Mood requests = Mood.WELL;
    public volatile boolean answersQuestions = true;

    /** Requests that got no answer and may still arrive: run one to let it. */
    public final Queue<Runnable> underway = new ConcurrentLinkedQueue<>();

    public volatile Runnable duringCharge = () -> {};
    public volatile Runnable duringRefund = () -> {};

    /** Once the request has had its effect, if any, and before the answer is told. */
    public volatile Runnable afterwards = () -> {};

    @Override
    public ChargeOutcome charge(
            String key, Money amount, String token, String reference, Deadline deadline) {
        chargeRequests.incrementAndGet();
        duringCharge.run();
        ChargeOutcome outcome = charged(key, amount, token, reference, deadline);
        afterwards.run();
        return outcome;
    }

    private ChargeOutcome charged(
            String key, Money amount, String token, String reference, Deadline deadline) {
        return switch (requests) {
            case WELL -> books.charge(key, amount, token, reference, deadline);
            case DOWN -> new NotCharged("connection refused");
            case LOSES_REQUEST -> {
                underway.add(() -> books.charge(key, amount, token, reference, deadline));
                yield new Unknown("timeout", true);
            }
            case DOES_AND_LOSES_ANSWER -> {
                books.charge(key, amount, token, reference, deadline);
                yield new Unknown("timeout", true);
            }
        };
    }

    @Override
    public Lookup findCharge(String key, Deadline deadline) {
        return answersQuestions ? books.findCharge(key, deadline) : new NoAnswer("timeout");
    }

    @Override
    public RefundOutcome refund(String key, String chargeId, Money amount, Deadline deadline) {
        duringRefund.run();
        RefundOutcome outcome = refunded(key, chargeId, amount, deadline);
        afterwards.run();
        return outcome;
    }

    private RefundOutcome refunded(String key, String chargeId, Money amount, Deadline deadline) {
        return switch (requests) {
            case WELL -> books.refund(key, chargeId, amount, deadline);
            case DOES_AND_LOSES_ANSWER -> {
                books.refund(key, chargeId, amount, deadline);
                yield new RefundUnknown("timeout");
            }
            default -> new RefundUnknown("timeout");
        };
    }
}
