package banyan.payment.adapters;

/**
 * Whether an upstream can bear repetitions, so that one in trouble does not get the more requests
 * the worse it fares: the token bucket of gRPC's retry throttling (gRFC A6). A failed attempt takes
 * one of 100 tokens, one that succeeds gives 0.1 back, and at 50 or below nothing is repeated.
 * (resilience4j has no budget that all calls share.)
 */
final class RetryBudget {
    private static final double MOST = 100;
    private static final double RATIO = 0.1;

    private double tokens = MOST;

    /** An attempt went well. */
    synchronized void succeeded() {
        tokens = Math.min(tokens + RATIO, MOST);
    }

    /** An attempt failed; whether it may be repeated. */
    synchronized boolean failed() {
        tokens = Math.max(tokens - 1, 0);
        return tokens > MOST / 2;
    }
}
