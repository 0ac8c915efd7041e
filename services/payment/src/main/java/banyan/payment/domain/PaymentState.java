package banyan.payment.domain;

/**
 * How a charge stands. Only {@link Pending} has somewhere to go; the other three are final, and no
 * method leads out of them.
 */
public sealed interface PaymentState {
    /** The provider's answer is not known. */
    record Pending() implements PaymentState {}

    /** Charged. */
    record Succeeded(String chargeId) implements PaymentState {}

    /** The provider refused the card; nothing was charged. */
    record Declined(String chargeId, String code) implements PaymentState {}

    /**
     * It could not be done.
     *
     * @param lateChargeId the charge that came to light after all, to be paid back at once; empty
     *     when there is none
     */
    record Failed(String lateChargeId) implements PaymentState {}

    PaymentState PENDING = new Pending();

    default boolean isPending() {
        return this instanceof Pending;
    }

    /** The provider's id of the charge, empty while there is none. */
    default String providerId() {
        if (this instanceof Succeeded done) {
            return done.chargeId();
        }
        if (this instanceof Declined refused) {
            return refused.chargeId();
        }
        return this instanceof Failed failed ? failed.lateChargeId() : "";
    }

    /** The provider's id of a charge that took money, empty when none did. */
    default String chargedId() {
        return this instanceof Declined ? "" : providerId();
    }
}
