package banyan.payment;

import banyan.payment.app.Deadline;
import banyan.payment.app.PaymentProvider;
import banyan.payment.domain.Money;
import banyan.payment.platform.TraceContext;
import banyan.payment.platform.Tracing;
import io.grpc.Context;
import java.util.concurrent.Callable;

/** A span around each call to the provider; its id goes along as `traceparent`. */
record TracedProvider(PaymentProvider provider, Tracing tracing) implements PaymentProvider {
    @Override
    public ChargeOutcome charge(
            String key, Money amount, String token, String reference, Deadline deadline) {
        return traced("charge", () -> provider.charge(key, amount, token, reference, deadline));
    }

    @Override
    public Lookup findCharge(String key, Deadline deadline) {
        return traced("find", () -> provider.findCharge(key, deadline));
    }

    @Override
    public RefundOutcome refund(String key, String chargeId, Money amount, Deadline deadline) {
        return traced("refund", () -> provider.refund(key, chargeId, amount, deadline));
    }

    private <T> T traced(String operation, Callable<T> call) {
        Tracing.Span span =
                tracing.start("provider " + operation, Tracing.Kind.CLIENT, TraceContext.KEY.get());
        String outcome = "";
        try {
            T result = Context.current().withValue(TraceContext.KEY, span.context()).call(call);
            outcome = result.getClass().getSimpleName();
            return result;
        } catch (RuntimeException e) {
            throw e;
        } catch (Exception e) {
            throw new IllegalStateException("the port throws nothing that is checked", e);
        } finally {
            boolean unclear =
                    outcome.isEmpty() || outcome.contains("Un") || outcome.equals("NoAnswer");
            span.end(outcome, unclear);
        }
    }
}
