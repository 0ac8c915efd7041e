package banyan.payment.app;

import banyan.payment.app.Charging.Recorded;
import banyan.payment.app.PaymentProvider.ChargeOutcome;
import banyan.payment.app.PaymentProvider.Known;
import banyan.payment.app.PaymentProvider.Lookup;
import banyan.payment.app.PaymentProvider.NotCharged;
import banyan.payment.app.PaymentProvider.Nothing;
import banyan.payment.app.PaymentProvider.Unknown;
import banyan.payment.app.PaymentStore.Transaction;
import banyan.payment.domain.Money;
import banyan.payment.domain.Payment;
import banyan.payment.domain.PaymentException;
import banyan.payment.domain.PaymentState;
import banyan.payment.domain.Pursuit;
import banyan.payment.domain.Pursuit.Lease;
import java.time.Instant;
import java.util.List;
import java.util.Optional;

/**
 * Charges an order once.
 *
 * <p>The payment is committed PENDING before the provider hears of it, and its id is the provider's
 * idempotency key: whatever breaks, the next one who looks finds the row and can ask. No database
 * connection is held during a call to the provider.
 */
public final class ChargeOrder {
    /** Requests after which a charge that the provider keeps answering with errors is FAILED. */
    static final int MAX_ATTEMPTS = 3;

    private final PaymentStore store;
    private final PaymentProvider provider;
    private final Tools tools;
    private final Charging charging;

    public ChargeOrder(PaymentStore store, PaymentProvider provider, Tools tools) {
        this.store = store;
        this.provider = provider;
        this.tools = tools;
        this.charging = new Charging(store, tools);
    }

    /**
     * What is asked for.
     *
     * @param token the provider's token for a card; goes to the provider and nowhere else
     */
    public record Command(String orderId, String userId, Money amount, String token) {
        @Override
        public String toString() {
            return "Command[orderId=" + orderId + "]";
        }
    }

    /**
     * The payment as it is now.
     *
     * @param repeated true when an earlier call had finished it
     */
    public record Result(Payment payment, boolean repeated) {}

    /**
     * The payment as far as it is known by {@code deadline}; PENDING means: call again with the
     * same command.
     *
     * @throws PaymentException IDEMPOTENCY_KEY_REUSED, PAYMENT_CLOSED, PROVIDER_UNAVAILABLE,
     *     INVALID_ARGUMENT
     */
    public Result charge(Command command, Deadline deadline) {
        requireAmount(command.amount());
        String fingerprint = Fingerprint.of(command);
        Claim claim =
                first(command, fingerprint)
                        .orElseGet(
                                () -> store.inTransaction(tx -> claim(tx, command, fingerprint)));
        if (claim.lease().isEmpty()) {
            return new Result(claim.payment(), !claim.payment().state().isPending());
        }
        return new Result(pursue(claim, claim.lease().get(), command, deadline), false);
    }

    /**
     * A payment, and the right to speak to the provider about it if there is need and nobody else
     * does.
     *
     * @param before as it was before this call began to send
     */
    private record Claim(Payment payment, Pursuit before, Optional<Lease> lease) {}

    /** The claim on an order that nobody spoke of before; empty when somebody did. */
    private Optional<Claim> first(Command command, String fingerprint) {
        Instant now = tools.now();
        Lease lease = tools.lease(now);
        Payment opened = open(command, fingerprint, now);
        Payment sending = opened.with(opened.pursuit().sending(lease, now));
        return store.insertFirst(sending)
                ? Optional.of(new Claim(sending, opened.pursuit(), Optional.of(lease)))
                : Optional.empty();
    }

    private Claim claim(Transaction tx, Command command, String fingerprint) {
        if (tx.lockOrder(command.orderId()).isPresent()) {
            throw PaymentException.orderClosed(command.orderId());
        }
        Instant now = tools.now();
        Optional<Payment> known = tx.lockByOrder(command.orderId());
        if (known.isPresent() && !known.get().fingerprint().equals(fingerprint)) {
            throw PaymentException.keyReused(command.orderId());
        }
        Payment payment = known.orElseGet(() -> open(command, fingerprint, now));
        if (!payment.state().isPending() || !payment.pursuit().isFree(now)) {
            return new Claim(payment, payment.pursuit(), Optional.empty());
        }
        Lease lease = tools.lease(now);
        Payment sending = payment.with(payment.pursuit().sending(lease, now));
        if (known.isPresent()) {
            tx.update(sending);
        } else {
            tx.insert(sending);
        }
        return new Claim(sending, payment.pursuit(), Optional.of(lease));
    }

    private Payment open(Command command, String fingerprint, Instant now) {
        return new Payment(
                tools.newId().get(),
                command.orderId(),
                command.userId(),
                fingerprint,
                command.amount(),
                PaymentState.PENDING,
                Pursuit.from(now.plus(tools.timing().takeUp())),
                List.of(),
                now,
                now);
    }

    /**
     * Asks before sending when an earlier request may have worked, and after sending when the
     * answer is not known.
     */
    private Payment pursue(Claim claim, Lease lease, Command command, Deadline deadline) {
        Payment payment = claim.payment();
        if (claim.before().attempts() > 0) {
            Lookup earlier = provider.findCharge(payment.id(), deadline);
            Optional<Known> known = PaymentProvider.found(earlier);
            if (known.isPresent()) {
                return record(payment, lease, known.get());
            }
            if (!(earlier instanceof Nothing)) {
                return notSent(claim, lease);
            }
        }
        if (!lease.until().isAfter(tools.now().plus(tools.timing().call()))) {
            return notSent(claim, lease); // what is left of the lease no longer covers a request
        }
        ChargeOutcome outcome =
                provider.charge(
                        payment.id(),
                        payment.amount(),
                        command.token(),
                        payment.orderId(),
                        deadline);
        return conclude(claim, lease, outcome, deadline);
    }

    private Payment conclude(Claim claim, Lease lease, ChargeOutcome outcome, Deadline deadline) {
        Payment payment = claim.payment();
        if (outcome instanceof Known known) {
            return record(payment, lease, known);
        }
        if (outcome instanceof NotCharged) {
            Payment pending = notSent(claim, lease);
            if (claim.before().doubtSince() == null) {
                throw PaymentException.providerUnavailable();
            }
            return pending;
        }
        Lookup lookup = provider.findCharge(payment.id(), deadline);
        Optional<Known> known = PaymentProvider.found(lookup);
        if (known.isPresent()) {
            return record(payment, lease, known.get());
        }
        boolean inFlight = outcome instanceof Unknown unknown && unknown.inFlight();
        Instant doubt =
                inFlight || !(lookup instanceof Nothing)
                        ? payment.pursuit().doubtSince()
                        : claim.before().doubtSince();
        if (doubt == null && payment.pursuit().attempts() >= MAX_ATTEMPTS) {
            return charging.recordFailed(payment, lease, false);
        }
        return charging.release(payment, lease, payment.pursuit().released(takeUpAt(), doubt));
    }

    private Payment record(Payment payment, Lease lease, Known known) {
        Recorded recorded = charging.recordKnown(payment, lease, known);
        if (recorded.closed()) {
            throw PaymentException.orderClosed(payment.orderId());
        }
        return recorded.payment();
    }

    /** PENDING, with the claim undone. */
    private Payment notSent(Claim claim, Lease lease) {
        Pursuit before = claim.before();
        return charging.release(
                claim.payment(), lease, before.released(takeUpAt(), before.doubtSince()));
    }

    private Instant takeUpAt() {
        return tools.now().plus(tools.timing().takeUp());
    }

    private static void requireAmount(Money amount) {
        if (amount.minorUnits() < Payment.MIN_MINOR || amount.minorUnits() > Payment.MAX_MINOR) {
            throw PaymentException.invalid(
                    "amount.minor_units",
                    "must be from " + Payment.MIN_MINOR + " to " + Payment.MAX_MINOR);
        }
    }
}
