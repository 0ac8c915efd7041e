package banyan.payment.adapters;

import static org.assertj.core.api.Assertions.assertThat;

import banyan.payment.app.PaymentProvider;
import banyan.payment.app.PaymentProvider.ChargeOutcome;
import banyan.payment.app.PaymentProvider.Declined;
import banyan.payment.app.PaymentProvider.Found;
import banyan.payment.app.PaymentProvider.Known;
import banyan.payment.app.PaymentProvider.Nothing;
import banyan.payment.app.PaymentProvider.RefundOutcome;
import banyan.payment.app.PaymentProvider.RefundRefused;
import banyan.payment.app.PaymentProvider.Refunded;
import banyan.payment.app.PaymentProvider.Succeeded;
import banyan.payment.app.PaymentProvider.Unknown;
import banyan.payment.support.World;
import java.util.UUID;
import org.junit.jupiter.api.Test;

/** What every provider adapter must do; one subclass per adapter. */
abstract class PaymentProviderContract {
    final String key = UUID.randomUUID().toString();
    final String order = World.newOrder();

    abstract PaymentProvider provider();

    ChargeOutcome charge(String token) {
        return provider().charge(key, World.eur(1299), token, order, World.soon());
    }

    RefundOutcome refund(String refundKey, String charge, long minor) {
        return provider().refund(refundKey, charge, World.eur(minor), World.soon());
    }

    @Test
    void a_charge_succeeds_once_for_its_key_and_can_be_found_by_it() {
        ChargeOutcome first = charge("tok_ok");
        assertThat(first).isInstanceOf(Succeeded.class);
        assertThat(charge("tok_ok")).isEqualTo(first);
        assertThat(provider().findCharge(key, World.soon())).isEqualTo(new Found((Known) first));
    }

    @Test
    void a_refused_card_is_declined_with_its_code() {
        assertThat(charge("tok_declined"))
                .isInstanceOfSatisfying(
                        Declined.class, each -> assertThat(each.code()).isEqualTo("card_declined"));
    }

    @Test
    void an_unknown_key_is_known_to_be_unknown() {
        assertThat(provider().findCharge(key, World.soon())).isEqualTo(new Nothing());
    }

    @Test
    void an_error_of_the_provider_leaves_nothing_in_flight() {
        assertThat(charge("tok_error")).isEqualTo(new Unknown("HTTP 500", false));
        assertThat(provider().findCharge(key, World.soon())).isEqualTo(new Nothing());
    }

    @Test
    void another_body_under_a_known_key_is_no_answer_about_it() {
        ChargeOutcome first = charge("tok_ok");
        ChargeOutcome other = provider().charge(key, World.eur(1), "tok_ok", order, World.soon());
        assertThat(other).isEqualTo(new Unknown("HTTP 409", true));
        assertThat(provider().findCharge(key, World.soon())).isEqualTo(new Found((Known) first));
    }

    @Test
    void refunds_have_keys_of_their_own_and_end_at_the_charge() {
        String id = ((Succeeded) charge("tok_ok")).chargeId();
        RefundOutcome first = refund("a-" + key, id, 1000);
        assertThat(first).isInstanceOf(Refunded.class);
        assertThat(refund("a-" + key, id, 1000)).isEqualTo(first);
        assertThat(refund("b-" + key, id, 300))
                .isEqualTo(new RefundRefused("refund_exceeds_charge"));
        assertThat(refund("c-" + key, id, 299)).isInstanceOf(Refunded.class);
        assertThat(refund("d-" + key, "ch_unknown", 1))
                .isEqualTo(new RefundRefused("charge_not_found"));
    }
}
