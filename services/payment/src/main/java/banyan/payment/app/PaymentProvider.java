package banyan.payment.app;

import banyan.payment.domain.Money;
import java.util.Optional;

/**
 * Who moves the money. Each request carries a key of ours, and the provider acts at most once for a
 * key. Nothing here throws for what a provider does: every answer, and the lack of one, is a value.
 */
public interface PaymentProvider {
    /**
     * Asks for a charge.
     *
     * @param key the payment's id; the same for every repeat
     * @param reference the order's id, for the provider's books
     */
    ChargeOutcome charge(
            String key, Money amount, String token, String reference, Deadline deadline);

    /** What became of the charge with this key. */
    Lookup findCharge(String key, Deadline deadline);

    /** Pays back; a repeat with the same key gives the first answer. */
    RefundOutcome refund(String key, String chargeId, Money amount, Deadline deadline);

    /** What a charge request led to. */
    sealed interface ChargeOutcome {}

    /** Known for certain and for good. */
    sealed interface Known extends ChargeOutcome {}

    /** The money is taken. */
    record Succeeded(String chargeId) implements Known {}

    /** The card was refused. */
    record Declined(String chargeId, String code) implements Known {}

    /** The request itself was refused and never will be accepted. */
    record Refused(String code) implements Known {}

    /**
     * This request certainly had no effect and won't have one: it was never sent, or turned away.
     */
    record NotCharged(String why) implements ChargeOutcome {}

    /**
     * Nobody knows.
     *
     * @param inFlight true when the request may still take effect; false when the provider has
     *     answered it with an error
     */
    record Unknown(String why, boolean inFlight) implements ChargeOutcome {}

    /** The answer to a question about a key. */
    sealed interface Lookup {}

    /** The provider has it. */
    record Found(Known charge) implements Lookup {}

    /** The provider knows nothing of this key, as of now. */
    record Nothing() implements Lookup {}

    /** The provider gave no answer. */
    record NoAnswer(String why) implements Lookup {}

    /** What a refund request led to. */
    sealed interface RefundOutcome {}

    /** Paid back. */
    record Refunded(String refundId) implements RefundOutcome {}

    /** Refused for good. */
    record RefundRefused(String code) implements RefundOutcome {}

    /** Not known: ask again with the same key. */
    record RefundUnknown(String why) implements RefundOutcome {}

    /** The charge, when the lookup found one. */
    static Optional<Known> found(Lookup lookup) {
        return lookup instanceof Found found ? Optional.of(found.charge()) : Optional.empty();
    }
}
