package banyan.payment.adapters;

import banyan.payment.adapters.OutboxWriter.Row;
import banyan.payment.domain.Payment;
import banyan.payment.domain.PaymentState;
import banyan.payment.domain.Pursuit;
import banyan.payment.domain.Pursuit.Lease;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.SQLException;
import java.sql.Types;
import java.time.Instant;
import java.time.ZoneOffset;
import java.util.UUID;

/**
 * How a charge begins and ends when nothing is in its way: one statement each, and so one round
 * trip and one transaction. In plain JDBC, because finding out how to bind forty values would cost
 * a charge as much as sending them.
 */
final class ChargeSteps {
    // A gate that this statement made is proof: no payment can refer to it yet, and nobody closed
    // it.
    private static final String FIRST =
            """
            WITH gate AS (
                INSERT INTO order_gates (order_id) VALUES (?) ON CONFLICT DO NOTHING RETURNING order_id)
            INSERT INTO payments (order_id, payment_id, user_id, fingerprint, state, amount_minor, currency_code,
                attempts, sent_at, doubt_since, next_at, lease_owner, lease_until, created_at, updated_at)
            SELECT order_id, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ? FROM gate""";
    // The gate is locked first, here as everywhere. A row that changed while its lock was awaited
    // is looked at again, and then no longer fits.
    private static final String SETTLE =
            """
            WITH gate AS (
                SELECT order_id FROM order_gates WHERE order_id = ? AND closed_at IS NULL FOR UPDATE),
            settled AS (
                UPDATE payments SET state = ?, provider_charge_id = ?, decline_code = ?, doubt_since = ?,
                    next_at = NULL, lease_owner = NULL, lease_until = NULL, updated_at = ?
                FROM gate
                WHERE payment_id = ? AND payments.order_id = gate.order_id AND state = 'PENDING' AND lease_owner = ?
                RETURNING payment_id)
            INSERT INTO outbox (id, subject, type, entity_id, data, headers, created_at)
            SELECT ?, ?, ?, ?, ?, CAST(? AS jsonb), ? FROM settled""";

    private ChargeSteps() {}

    /** True when the order was new, and the payment is its first. */
    static boolean insertFirst(Connection connection, Payment payment) throws SQLException {
        Pursuit pursuit = payment.pursuit();
        try (PreparedStatement statement = connection.prepareStatement(FIRST)) {
            Values values = new Values(statement);
            values.id(payment.orderId()).id(payment.id()).id(payment.userId());
            values.text(payment.fingerprint()).text(PaymentRows.name(payment.state()));
            values.number(payment.amount().minorUnits()).text(payment.amount().currency());
            values.number(pursuit.attempts()).time(pursuit.sentAt()).time(pursuit.doubtSince());
            values.time(pursuit.nextAt()).id(pursuit.leaseOwner()).time(pursuit.leaseUntil());
            values.time(payment.createTime()).time(payment.updateTime());
            return statement.executeUpdate() == 1;
        }
    }

    /** True when the charge was PENDING under this lease and its order open. */
    static boolean settle(Connection connection, Payment changed, Lease lease, Row event)
            throws SQLException {
        PaymentState state = changed.state();
        try (PreparedStatement statement = connection.prepareStatement(SETTLE)) {
            Values values = new Values(statement);
            values.id(changed.orderId()).text(PaymentRows.name(state));
            values.text(state.providerId()).text(PaymentRows.declineCode(state));
            values.time(changed.pursuit().doubtSince()).time(changed.updateTime());
            values.id(changed.id()).id(lease.owner());
            values.id(event.id()).text(event.subject()).text(event.type()).text(event.entity());
            values.bytes(event.data()).text(event.headers()).time(event.now());
            return statement.executeUpdate() == 1;
        }
    }

    /** Binds one parameter after the other. */
    private static final class Values {
        private final PreparedStatement statement;
        private int last;

        Values(PreparedStatement statement) {
            this.statement = statement;
        }

        Values id(String id) throws SQLException {
            statement.setObject(++last, id == null ? null : UUID.fromString(id), Types.OTHER);
            return this;
        }

        Values text(String text) throws SQLException {
            statement.setString(++last, text);
            return this;
        }

        Values number(long number) throws SQLException {
            statement.setLong(++last, number);
            return this;
        }

        Values bytes(byte[] bytes) throws SQLException {
            statement.setBytes(++last, bytes);
            return this;
        }

        Values time(Instant time) throws SQLException {
            statement.setObject(
                    ++last,
                    time == null ? null : time.atOffset(ZoneOffset.UTC),
                    Types.TIMESTAMP_WITH_TIMEZONE);
            return this;
        }
    }
}
