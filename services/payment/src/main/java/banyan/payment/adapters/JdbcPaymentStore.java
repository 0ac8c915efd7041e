package banyan.payment.adapters;

import banyan.payment.app.PaymentStore;
import banyan.payment.domain.Payment;
import banyan.payment.domain.PaymentEvent;
import banyan.payment.domain.PaymentException;
import banyan.payment.domain.Pursuit.Lease;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.SQLTransientException;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import java.util.UUID;
import java.util.function.Function;
import java.util.function.Supplier;
import javax.sql.DataSource;
import org.jdbi.v3.core.Handle;
import org.jdbi.v3.core.Jdbi;
import org.jdbi.v3.core.JdbiException;

/**
 * Payments in PostgreSQL. READ COMMITTED with row locks: every decision is made on rows that its
 * transaction holds.
 */
public final class JdbcPaymentStore implements PaymentStore {
    private static final String LIST =
            """
            SELECT * FROM payments
            WHERE (CAST(:user AS uuid) IS NULL OR user_id = CAST(:user AS uuid)) AND (CAST(:order AS uuid) IS NULL OR order_id = CAST(:order AS uuid))
              AND (CAST(:before AS uuid) IS NULL OR payment_id < CAST(:before AS uuid))
            ORDER BY payment_id DESC LIMIT :limit""";
    private static final String PENDING =
            """
            SELECT (SELECT count(*) FROM payments WHERE state = 'PENDING')
                 + (SELECT count(*) FROM refunds WHERE state = 'PENDING')""";

    private final DataSource pool;
    private final Jdbi jdbi;
    private final OutboxWriter outbox;

    /**
     * @param newId gives a UUIDv7 each time
     * @param traceparent gives the running work's trace context, empty when there is none
     * @param told is run after each commit that has an event to publish
     */
    public JdbcPaymentStore(
            DataSource pool, Supplier<String> newId, Supplier<String> traceparent, Runnable told) {
        this.pool = pool;
        this.jdbi = Jdbi.create(pool);
        this.outbox = new OutboxWriter(newId, traceparent, told);
    }

    private record Done<T>(T result, boolean published) {}

    @Override
    public <T> T inTransaction(Function<Transaction, T> work) {
        Done<T> done = guarded(() -> jdbi.inTransaction(handle -> run(handle, work)));
        if (done.published()) {
            outbox.committed();
        }
        return done.result();
    }

    private <T> Done<T> run(Handle handle, Function<Transaction, T> work) {
        JdbcTransaction transaction = new JdbcTransaction(handle, outbox);
        T result = work.apply(transaction);
        return new Done<>(result, transaction.hasPublished());
    }

    @Override
    public boolean insertFirst(Payment payment) {
        return step(connection -> ChargeSteps.insertFirst(connection, payment));
    }

    @Override
    public boolean settle(Payment changed, Lease lease, PaymentEvent event, Instant now) {
        OutboxWriter.Row row = outbox.row(event, now);
        boolean settled = step(connection -> ChargeSteps.settle(connection, changed, lease, row));
        if (settled) {
            outbox.committed();
        }
        return settled;
    }

    /** One statement that is a transaction of its own. */
    private interface Step {
        boolean run(Connection connection) throws SQLException;
    }

    private boolean step(Step step) {
        try (Connection connection = pool.getConnection()) {
            return step.run(connection);
        } catch (SQLException e) {
            if (isPassing(e)) {
                throw PaymentException.storeUnavailable(e);
            }
            throw new IllegalStateException("a statement of the payment store is wrong", e);
        }
    }

    @Override
    public Optional<Payment> find(String paymentId) {
        String sql = "SELECT * FROM payments WHERE payment_id = :id";
        return guarded(
                () ->
                        jdbi.withHandle(
                                handle ->
                                        PaymentRows.one(
                                                handle,
                                                handle.createQuery(sql)
                                                        .bind("id", PaymentRows.uuid(paymentId)))));
    }

    @Override
    public List<Payment> list(Query query) {
        return guarded(() -> jdbi.withHandle(handle -> list(handle, query)));
    }

    private static List<Payment> list(Handle handle, Query query) {
        return PaymentRows.all(
                handle,
                handle.createQuery(LIST)
                        .bindByType(
                                "user",
                                query.userId().map(PaymentRows::uuid).orElse(null),
                                UUID.class)
                        .bindByType(
                                "order",
                                query.orderId().map(PaymentRows::uuid).orElse(null),
                                UUID.class)
                        .bindByType(
                                "before",
                                query.beforeId().map(PaymentRows::uuid).orElse(null),
                                UUID.class)
                        .bind("limit", query.limit()));
    }

    @Override
    public long countPending() {
        return guarded(
                () ->
                        jdbi.withHandle(
                                handle -> handle.createQuery(PENDING).mapTo(Long.class).one()));
    }

    private static <T> T guarded(Supplier<T> work) {
        try {
            return work.get();
        } catch (JdbiException e) {
            for (Throwable cause = e; cause != null; cause = cause.getCause()) {
                if (cause instanceof SQLException sql && isPassing(sql)) {
                    throw PaymentException.storeUnavailable(e);
                }
            }
            throw e;
        }
    }

    /**
     * Connection lost or refused, no room, shutting down, lock or statement timeout, deadlock:
     * another try may work.
     */
    private static boolean isPassing(SQLException e) {
        String state = e.getSQLState() == null ? "" : e.getSQLState();
        return e instanceof SQLTransientException
                || state.startsWith("08")
                || state.startsWith("53")
                || state.startsWith("57")
                || state.startsWith("40")
                || state.equals("55P03");
    }
}
