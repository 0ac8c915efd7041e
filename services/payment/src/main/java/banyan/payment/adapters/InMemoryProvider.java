package banyan.payment.adapters;

import banyan.payment.app.Deadline;
import banyan.payment.app.PaymentProvider;
import banyan.payment.domain.Money;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.UUID;

/**
 * A provider with books in memory, which knows the same card tokens as the stand-in; passes the
 * same contract.
 */
public final class InMemoryProvider implements PaymentProvider {
    private final Map<String, Charge> charges = new HashMap<>();
    private final Map<String, Payback> refunds = new HashMap<>();

    /** An entry of the books; {@code id} is the provider's. */
    public record Charge(String id, String key, Money amount, boolean accepted) {}

    /** Money given back. */
    public record Payback(String id, String chargeId, Money amount) {}

    @Override
    public synchronized ChargeOutcome charge(
            String key, Money amount, String token, String reference, Deadline deadline) {
        if (charges.containsKey(key)) {
            boolean same = charges.get(key).amount().equals(amount);
            return same ? known(charges.get(key)) : new Unknown("HTTP 409", true);
        }
        if (token.equals("tok_error")) {
            return new Unknown("HTTP 500", false);
        }
        boolean accepted =
                List.of("tok_ok", "tok_slow", "tok_timeout_after_charge").contains(token);
        Charge charge = new Charge("ch_" + UUID.randomUUID(), key, amount, accepted);
        charges.put(key, charge);
        return token.equals("tok_timeout_after_charge")
                ? new Unknown("timeout", true)
                : known(charge);
    }

    @Override
    public synchronized Lookup findCharge(String key, Deadline deadline) {
        return charges.containsKey(key) ? new Found(known(charges.get(key))) : new Nothing();
    }

    @Override
    public synchronized RefundOutcome refund(
            String key, String chargeId, Money amount, Deadline deadline) {
        if (refunds.containsKey(key)) {
            return new Refunded(refunds.get(key).id());
        }
        Charge charge =
                charges.values().stream()
                        .filter(each -> each.id().equals(chargeId) && each.accepted())
                        .findFirst()
                        .orElse(null);
        if (charge == null) {
            return new RefundRefused("charge_not_found");
        }
        if (amount.minorUnits() > charge.amount().minorUnits() - refunded(chargeId)) {
            return new RefundRefused("refund_exceeds_charge");
        }
        refunds.put(key, new Payback("re_" + UUID.randomUUID(), chargeId, amount));
        return new Refunded(refunds.get(key).id());
    }

    /** Every charge on the books. */
    public synchronized List<Charge> charges() {
        return List.copyOf(charges.values());
    }

    /** Minor units given back of a charge. */
    public synchronized long refunded(String chargeId) {
        return refunds.values().stream()
                .filter(each -> each.chargeId().equals(chargeId))
                .mapToLong(each -> each.amount().minorUnits())
                .sum();
    }

    private static Known known(Charge charge) {
        return charge.accepted()
                ? new Succeeded(charge.id())
                : new Declined(charge.id(), "card_declined");
    }
}
