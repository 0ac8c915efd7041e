package banyan.payment.adapters;

import banyan.payment.app.PaymentStore.Request;
import banyan.payment.app.PaymentStore.Transaction;
import banyan.payment.domain.Payment;
import banyan.payment.domain.PaymentEvent;
import banyan.payment.domain.PaymentException;
import java.time.Instant;
import java.util.Arrays;
import java.util.Optional;
import org.jdbi.v3.core.Handle;

/** One transaction on one connection. */
final class JdbcTransaction implements Transaction {
    // The lease's holder may be dead: it counts as free once expired.
    private static final String DUE =
            "next_at <= :now AND (lease_until IS NULL OR lease_until <= :now)";
    private static final String DUE_CHARGE =
            "SELECT * FROM payments WHERE "
                    + DUE
                    + " ORDER BY next_at LIMIT 1 FOR UPDATE SKIP LOCKED";
    // Locks the payment, not the refund: a refund is only ever changed under its payment's lock.
    private static final String DUE_REFUND =
            """
            SELECT p.* FROM payments p JOIN refunds r USING (payment_id)
            WHERE r.next_at <= :now AND (r.lease_until IS NULL OR r.lease_until <= :now)
            ORDER BY r.next_at LIMIT 1 FOR UPDATE OF p SKIP LOCKED""";

    private final Handle handle;
    private final OutboxWriter outbox;
    private boolean published;

    JdbcTransaction(Handle handle, OutboxWriter outbox) {
        this.handle = handle;
        this.outbox = outbox;
    }

    @Override
    public Optional<String> lockOrder(String orderId) {
        handle.createUpdate(
                        "INSERT INTO order_gates (order_id) VALUES (:id) ON CONFLICT DO NOTHING")
                .bind("id", PaymentRows.uuid(orderId))
                .execute();
        String reason =
                handle.createQuery(
                                "SELECT coalesce(close_reason, '') FROM order_gates WHERE order_id = :id FOR UPDATE")
                        .bind("id", PaymentRows.uuid(orderId))
                        .mapTo(String.class)
                        .one();
        return Optional.of(reason).filter(text -> !text.isEmpty());
    }

    @Override
    public void closeOrder(String orderId, String reason, Instant now) {
        handle.createUpdate(
                        """
                        UPDATE order_gates SET closed_at = :now, close_reason = :reason
                        WHERE order_id = :id AND closed_at IS NULL""")
                .bind("now", now)
                .bind("reason", reason)
                .bind("id", PaymentRows.uuid(orderId))
                .execute();
    }

    @Override
    public Optional<Payment> lockByOrder(String orderId) {
        String sql = "SELECT * FROM payments WHERE order_id = :id FOR UPDATE";
        return PaymentRows.one(
                handle, handle.createQuery(sql).bind("id", PaymentRows.uuid(orderId)));
    }

    @Override
    public Optional<Payment> lock(String paymentId) {
        String sql = "SELECT * FROM payments WHERE payment_id = :id FOR UPDATE";
        return PaymentRows.one(
                handle, handle.createQuery(sql).bind("id", PaymentRows.uuid(paymentId)));
    }

    @Override
    public Optional<Payment> lockDueCharge(Instant now) {
        return PaymentRows.one(handle, handle.createQuery(DUE_CHARGE).bind("now", now));
    }

    @Override
    public Optional<Payment> lockDueRefund(Instant now) {
        // The row may have changed between being found and being locked; the refunds are read
        // afresh under the lock.
        return PaymentRows.one(handle, handle.createQuery(DUE_REFUND).bind("now", now))
                .filter(
                        payment ->
                                payment.refunds().stream()
                                        .anyMatch(refund -> refund.pursuit().isDue(now)));
    }

    @Override
    public void insert(Payment payment) {
        PaymentRows.insert(handle, payment);
    }

    @Override
    public void update(Payment payment) {
        PaymentRows.update(handle, payment);
    }

    @Override
    public void publish(PaymentEvent event, Instant now) {
        outbox.write(handle, event, now);
        published = true;
    }

    /** True when there is an event to tell of once this is committed. */
    boolean hasPublished() {
        return published;
    }

    @Override
    public Optional<byte[]> firstAnswer(Request request, Instant now) {
        int mine =
                handle.createUpdate(
                                """
                        INSERT INTO idempotency
                            (caller, method, request_id, request_hash, response, created_at)
                        VALUES (:caller, :method, :id, :hash, '', :now) ON CONFLICT DO NOTHING""")
                        .bindMethods(request)
                        .bind("now", now)
                        .execute();
        if (mine == 1) {
            return Optional.empty();
        }
        return handle.createQuery(
                        """
                        SELECT request_hash, response, running_until > :now AS running FROM idempotency
                        WHERE caller = :caller AND method = :method AND request_id = :id""")
                .bindMethods(request)
                .bind("now", now)
                .map(
                        (row, context) -> {
                            if (!Arrays.equals(row.getBytes("request_hash"), request.hash())) {
                                throw PaymentException.keyReused(request.id());
                            }
                            if (row.getBoolean("running")) {
                                throw PaymentException.requestInProgress(request.id());
                            }
                            return row.getBytes("response");
                        })
                .findOne();
    }

    @Override
    public void keepAnswerMeanwhile(Request request, byte[] answer, Instant runningUntil) {
        keep(request, answer, runningUntil);
    }

    @Override
    public void keepAnswer(Request request, byte[] answer) {
        keep(request, answer, null);
    }

    private void keep(Request request, byte[] answer, Instant runningUntil) {
        handle.createUpdate(
                        """
                        UPDATE idempotency SET response = :answer, running_until = :runningUntil
                        WHERE caller = :caller AND method = :method AND request_id = :id""")
                .bindMethods(request)
                .bind("answer", answer)
                .bind("runningUntil", runningUntil)
                .execute();
    }
}
