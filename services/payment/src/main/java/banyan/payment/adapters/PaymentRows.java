package banyan.payment.adapters;

import static java.util.stream.Collectors.groupingBy;
import static java.util.stream.Collectors.mapping;
import static java.util.stream.Collectors.toList;

import banyan.payment.domain.Money;
import banyan.payment.domain.Payment;
import banyan.payment.domain.PaymentState;
import banyan.payment.domain.Pursuit;
import banyan.payment.domain.Refund;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Instant;
import java.time.OffsetDateTime;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.UUID;
import org.jdbi.v3.core.Handle;
import org.jdbi.v3.core.statement.PreparedBatch;
import org.jdbi.v3.core.statement.Query;
import org.jdbi.v3.core.statement.SqlStatement;

/** Payments as rows, and back. */
final class PaymentRows {
    private static final String INSERT =
            """
            INSERT INTO payments (payment_id, order_id, user_id, fingerprint, state, amount_minor, currency_code,
                refunded_minor, provider_charge_id, decline_code, attempts, sent_at, doubt_since, next_at, lease_owner,
                lease_until, created_at, updated_at)
            VALUES (:id, :order, :user, :fingerprint, :state, :amount, :currency, :refunded, :charge, :decline, :attempts,
                :sent, :doubt, :next, CAST(:owner AS uuid), :until, :created, :updated)""";
    private static final String UPDATE =
            """
            UPDATE payments SET state = :state, refunded_minor = :refunded, provider_charge_id = :charge,
                decline_code = :decline, attempts = :attempts, sent_at = :sent, doubt_since = :doubt, next_at = :next,
                lease_owner = CAST(:owner AS uuid), lease_until = :until, updated_at = :updated
            WHERE payment_id = :id""";
    private static final String UPSERT_REFUND =
            """
            INSERT INTO refunds (refund_id, payment_id, state, amount_minor, reason, provider_refund_id, attempts, sent_at,
                doubt_since, next_at, lease_owner, lease_until, created_at, updated_at)
            VALUES (:id, :payment, :state, :amount, :reason, :provider, :attempts, :sent, :doubt, :next, CAST(:owner AS uuid), :until,
                :created, :updated)
            ON CONFLICT (refund_id) DO UPDATE SET state = excluded.state, provider_refund_id = excluded.provider_refund_id,
                attempts = excluded.attempts, sent_at = excluded.sent_at, doubt_since = excluded.doubt_since,
                next_at = excluded.next_at, lease_owner = excluded.lease_owner, lease_until = excluded.lease_until,
                updated_at = excluded.updated_at""";

    private PaymentRows() {}

    static UUID uuid(String id) {
        return UUID.fromString(id);
    }

    static Optional<Payment> one(Handle handle, Query query) {
        return all(handle, query).stream().findFirst();
    }

    /** The payments a query finds, with their refunds, in the query's order. */
    static List<Payment> all(Handle handle, Query query) {
        List<Payment> bare = query.map((row, context) -> payment(row)).list();
        if (bare.isEmpty()) {
            return bare;
        }
        UUID[] ids = bare.stream().map(payment -> uuid(payment.id())).toArray(UUID[]::new);
        Map<String, List<Refund>> refunds =
                handle
                        .createQuery(
                                """
                        SELECT r.*, p.currency_code FROM refunds r JOIN payments p USING (payment_id)
                        WHERE payment_id = ANY(:ids) ORDER BY refund_id""")
                        .bindArray("ids", UUID.class, (Object[]) ids)
                        .map((row, context) -> Map.entry(row.getString("payment_id"), refund(row)))
                        .stream()
                        .collect(
                                groupingBy(
                                        Map.Entry::getKey, mapping(Map.Entry::getValue, toList())));
        return bare.stream()
                .map(payment -> withRefunds(payment, refunds.getOrDefault(payment.id(), List.of())))
                .toList();
    }

    static void insert(Handle handle, Payment payment) {
        bind(handle.createUpdate(INSERT), payment)
                .bind("order", uuid(payment.orderId()))
                .bind("user", uuid(payment.userId()))
                .bind("fingerprint", payment.fingerprint())
                .bind("amount", payment.amount().minorUnits())
                .bind("currency", payment.amount().currency())
                .bind("created", payment.createTime())
                .execute();
    }

    static void update(Handle handle, Payment payment) {
        bind(handle.createUpdate(UPDATE), payment).execute();
        if (payment.refunds().isEmpty()) {
            return;
        }
        PreparedBatch batch = handle.prepareBatch(UPSERT_REFUND);
        payment.refunds().forEach(refund -> bind(batch, payment, refund));
        batch.execute();
    }

    private static <S extends SqlStatement<S>> S bind(S statement, Payment payment) {
        PaymentState state = payment.state();
        return bind(statement, payment.pursuit())
                .bind("id", uuid(payment.id()))
                .bind("state", name(state))
                .bind("refunded", payment.refunded().minorUnits())
                .bind("charge", state.providerId())
                .bind("decline", declineCode(state))
                .bind("updated", payment.updateTime());
    }

    /** What the column `state` says. */
    static String name(PaymentState state) {
        return state.getClass().getSimpleName().toUpperCase(Locale.ROOT);
    }

    static String declineCode(PaymentState state) {
        return state instanceof PaymentState.Declined declined ? declined.code() : "";
    }

    private static void bind(PreparedBatch batch, Payment payment, Refund refund) {
        bind(batch, refund.pursuit())
                .bind("id", uuid(refund.id()))
                .bind("payment", uuid(payment.id()))
                .bind("state", refund.state().name())
                .bind("amount", refund.amount().minorUnits())
                .bind("reason", refund.reason())
                .bind("provider", refund.providerId())
                .bind("created", refund.createTime())
                .bind("updated", refund.updateTime())
                .add();
    }

    private static <S extends SqlStatement<S>> S bind(S statement, Pursuit pursuit) {
        UUID owner = pursuit.leaseOwner() == null ? null : uuid(pursuit.leaseOwner());
        return statement
                .bind("attempts", pursuit.attempts())
                .bindByType("sent", pursuit.sentAt(), Instant.class)
                .bindByType("doubt", pursuit.doubtSince(), Instant.class)
                .bindByType("next", pursuit.nextAt(), Instant.class)
                .bindByType("owner", owner, UUID.class)
                .bindByType("until", pursuit.leaseUntil(), Instant.class);
    }

    private static Payment payment(ResultSet row) throws SQLException {
        return new Payment(
                row.getString("payment_id"),
                row.getString("order_id"),
                row.getString("user_id"),
                row.getString("fingerprint"),
                money(row),
                state(row),
                pursuit(row),
                List.of(),
                time(row, "created_at"),
                time(row, "updated_at"));
    }

    private static Payment withRefunds(Payment p, List<Refund> refunds) {
        return new Payment(
                p.id(),
                p.orderId(),
                p.userId(),
                p.fingerprint(),
                p.amount(),
                p.state(),
                p.pursuit(),
                refunds,
                p.createTime(),
                p.updateTime());
    }

    private static PaymentState state(ResultSet row) throws SQLException {
        String charge = row.getString("provider_charge_id");
        return switch (row.getString("state")) {
            case "PENDING" -> PaymentState.PENDING;
            case "SUCCEEDED" -> new PaymentState.Succeeded(charge);
            case "DECLINED" -> new PaymentState.Declined(charge, row.getString("decline_code"));
            default -> new PaymentState.Failed(charge);
        };
    }

    private static Refund refund(ResultSet row) throws SQLException {
        return new Refund(
                row.getString("refund_id"),
                Refund.State.valueOf(row.getString("state")),
                money(row),
                row.getString("reason"),
                row.getString("provider_refund_id"),
                pursuit(row),
                time(row, "created_at"),
                time(row, "updated_at"));
    }

    private static Money money(ResultSet row) throws SQLException {
        return new Money(row.getLong("amount_minor"), row.getString("currency_code"));
    }

    private static Pursuit pursuit(ResultSet row) throws SQLException {
        return new Pursuit(
                row.getInt("attempts"),
                time(row, "sent_at"),
                time(row, "doubt_since"),
                time(row, "next_at"),
                row.getString("lease_owner"),
                time(row, "lease_until"));
    }

    private static Instant time(ResultSet row, String column) throws SQLException {
        OffsetDateTime time = row.getObject(column, OffsetDateTime.class);
        return time == null ? null : time.toInstant();
    }
}
