package banyan.payment.app;

import banyan.payment.domain.Payment;
import banyan.payment.domain.PaymentEvent;
import banyan.payment.domain.Pursuit.Lease;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import java.util.function.Function;

/** Payments, their events and first answers, in one database. */
public interface PaymentStore {
    /**
     * Runs {@code work} in one transaction: committed when it returns, rolled back when it throws.
     * No provider calls inside.
     */
    <T> T inTransaction(Function<Transaction, T> work);

    /**
     * Commits the first payment of an order that nobody spoke of before; false, and nothing is
     * written, when it was charged or closed already. One step, because every charge begins with
     * it.
     */
    boolean insertFirst(Payment payment);

    /**
     * Commits a charge's outcome together with its event; false, and nothing is written, when the
     * payment is no longer PENDING under this lease, or its order is closed. One step, because
     * every charge ends with it; what is in the way is for a transaction to find out.
     *
     * @param changed the payment as it was under the lease, with the outcome
     */
    boolean settle(Payment changed, Lease lease, PaymentEvent event, Instant now);

    Optional<Payment> find(String paymentId);

    /** Newest first, by id. */
    List<Payment> list(Query query);

    /** Charges and refunds whose outcome is not known. */
    long countPending();

    /**
     * Which payments.
     *
     * @param userId only this user's; empty for all
     * @param orderId only this order's; empty for all
     * @param beforeId only those older than this payment; empty for the newest
     * @param limit at most so many
     */
    record Query(
            Optional<String> userId,
            Optional<String> orderId,
            Optional<String> beforeId,
            int limit) {}

    /**
     * What can be done in a transaction. Locks are held to its end; lock an order before its
     * payment, or two transactions may wait for each other.
     */
    interface Transaction {
        /** Locks the order, known or not, and tells why it is closed; empty while it is open. */
        Optional<String> lockOrder(String orderId);

        /** Closes an order for charging; the first reason stays. */
        void closeOrder(String orderId, String reason, Instant now);

        Optional<Payment> lockByOrder(String orderId);

        Optional<Payment> lock(String paymentId);

        /**
         * The payment whose charge has waited longest for a worker and is not leased; those locked
         * elsewhere are passed by.
         */
        Optional<Payment> lockDueCharge(Instant now);

        /** A payment with such a refund. */
        Optional<Payment> lockDueRefund(Instant now);

        void insert(Payment payment);

        void update(Payment payment);

        /** Tells an event when, and only when, this transaction commits. */
        void publish(PaymentEvent event, Instant now);

        /**
         * The first answer to this request. Empty: there is none, and the request is counted as
         * first made {@code now}.
         *
         * @throws PaymentException IDEMPOTENCY_KEY_REUSED when its body differs,
         *     REQUEST_IN_PROGRESS while the first one runs
         */
        Optional<byte[]> firstAnswer(Request request, Instant now);

        /**
         * Keeps what a repeat gets if the first request dies before it has its answer.
         *
         * @param runningUntil when the first request has given up; repeats are refused until then,
         *     or until {@link #keepAnswer}
         */
        void keepAnswerMeanwhile(Request request, byte[] answer, Instant runningUntil);

        /** Keeps the answer to this request, in place of an earlier one: it runs no more. */
        void keepAnswer(Request request, byte[] answer);
    }

    /**
     * A mutation, as its caller names it.
     *
     * @param id the caller's request_id
     * @param hash SHA-256 of the whole request
     */
    record Request(String caller, String method, String id, byte[] hash) {}
}
