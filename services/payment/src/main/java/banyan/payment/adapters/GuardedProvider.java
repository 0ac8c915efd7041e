package banyan.payment.adapters;

import banyan.payment.app.Deadline;
import banyan.payment.app.PaymentProvider;
import banyan.payment.domain.Money;
import io.github.resilience4j.bulkhead.Bulkhead;
import io.github.resilience4j.bulkhead.BulkheadConfig;
import io.github.resilience4j.circuitbreaker.CircuitBreaker;
import io.github.resilience4j.circuitbreaker.CircuitBreakerConfig;
import io.github.resilience4j.circuitbreaker.CircuitBreakerConfig.SlidingWindowType;
import java.time.Duration;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.function.Function;
import java.util.function.Predicate;
import java.util.function.Supplier;

/**
 * A breaker and a bulkhead around the provider, and the time of each call; a call turned away was
 * certainly not made.
 */
public final class GuardedProvider implements PaymentProvider {
    private static final Set<String> LATE =
            Set.of("InterruptedIOException", "SocketTimeoutException", ProviderHttp.NO_TIME);

    private final PaymentProvider provider;
    private final CircuitBreaker breaker;
    private final Bulkhead bulkhead;
    private final CallObserver observer;

    /**
     * Told of every call: `charge`, `find` or `refund`, the canonical code of gRPC that says how it
     * ended, and how long it took.
     */
    @FunctionalInterface
    public interface CallObserver {
        void observe(String operation, String status, double seconds);
    }

    /**
     * @param maxConcurrent calls to the provider at once; more wait up to 0.2 s, then are turned
     *     away
     * @param openFor how long the provider is left alone when more than half of the last calls
     *     failed
     */
    public GuardedProvider(
            PaymentProvider provider, int maxConcurrent, Duration openFor, CallObserver observer) {
        this.provider = provider;
        this.observer = observer;
        this.breaker =
                CircuitBreaker.of(
                        "payment-provider",
                        CircuitBreakerConfig.custom()
                                .slidingWindow(20, 10, SlidingWindowType.COUNT_BASED)
                                .failureRateThreshold(50)
                                .waitDurationInOpenState(openFor)
                                .permittedNumberOfCallsInHalfOpenState(3)
                                .maxWaitDurationInHalfOpenState(openFor)
                                .build());
        this.bulkhead =
                Bulkhead.of(
                        "payment-provider",
                        BulkheadConfig.custom()
                                .maxConcurrentCalls(maxConcurrent)
                                .maxWaitDuration(Duration.ofMillis(200))
                                .build());
    }

    /** 0 closed, 1 half open, 2 open. */
    public int circuitState() {
        return switch (breaker.getState()) {
            case OPEN, FORCED_OPEN -> 2;
            case HALF_OPEN -> 1;
            default -> 0;
        };
    }

    @Override
    public ChargeOutcome charge(
            String key, Money amount, String token, String reference, Deadline deadline) {
        return guarded(
                "charge",
                () -> provider.charge(key, amount, token, reference, deadline),
                outcome -> outcome instanceof Unknown || outcome instanceof NotCharged,
                NotCharged::new);
    }

    @Override
    public Lookup findCharge(String key, Deadline deadline) {
        return guarded(
                "find",
                () -> provider.findCharge(key, deadline),
                found -> found instanceof NoAnswer,
                NoAnswer::new);
    }

    @Override
    public RefundOutcome refund(String key, String chargeId, Money amount, Deadline deadline) {
        return guarded(
                "refund",
                () -> provider.refund(key, chargeId, amount, deadline),
                outcome -> outcome instanceof RefundUnknown,
                RefundUnknown::new);
    }

    private <T> T guarded(
            String operation,
            Supplier<T> call,
            Predicate<T> failed,
            Function<String, T> turnedAway) {
        if (!bulkhead.tryAcquirePermission()) {
            observer.observe(operation, "RESOURCE_EXHAUSTED", 0);
            return turnedAway.apply("bulkhead full");
        }
        try {
            if (!breaker.tryAcquirePermission()) {
                observer.observe(operation, "UNAVAILABLE", 0);
                return turnedAway.apply("circuit open");
            }
            return measured(operation, call, failed);
        } finally {
            bulkhead.onComplete();
        }
    }

    private <T> T measured(String operation, Supplier<T> call, Predicate<T> failed) {
        long start = System.nanoTime();
        String status = "INTERNAL";
        boolean bad = true;
        try {
            T outcome = call.get();
            status = status(outcome);
            bad = failed.test(outcome);
            return outcome;
        } finally {
            long nanos = System.nanoTime() - start;
            if (bad) {
                breaker.onError(nanos, TimeUnit.NANOSECONDS, new IllegalStateException(status));
            } else {
                breaker.onSuccess(nanos, TimeUnit.NANOSECONDS);
            }
            observer.observe(operation, status, nanos / 1e9);
        }
    }

    /** A declined card is an answer like any other; what the provider refuses to do is not. */
    private static String status(Object outcome) {
        if (outcome instanceof NotCharged failed) {
            return failure(failed.why());
        }
        if (outcome instanceof Unknown failed) {
            return failure(failed.why());
        }
        if (outcome instanceof NoAnswer failed) {
            return failure(failed.why());
        }
        if (outcome instanceof RefundUnknown failed) {
            return failure(failed.why());
        }
        boolean refused = outcome instanceof Refused || outcome instanceof RefundRefused;
        return refused ? "FAILED_PRECONDITION" : "OK";
    }

    private static String failure(String why) {
        if (LATE.contains(why)) {
            return "DEADLINE_EXCEEDED";
        }
        return why.equals("HTTP 429") ? "RESOURCE_EXHAUSTED" : "UNAVAILABLE";
    }
}
