package banyan.payment.adapters;

import banyan.payment.adapters.ProviderHttp.Answer;
import banyan.payment.adapters.ProviderHttp.NotSent;
import banyan.payment.app.Deadline;
import banyan.payment.app.PaymentProvider;
import banyan.payment.domain.Money;
import com.google.gson.JsonArray;
import com.google.gson.JsonObject;
import java.io.IOException;
import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;
import java.util.Set;

/** The provider's API: which answers are certain, and which leave us in doubt, is decided here. */
public final class HttpPaymentProvider implements PaymentProvider {
    // Turned away before anything was done, for a reason that is not the request's own.
    private static final Set<Integer> TURNED_AWAY = Set.of(401, 403, 429);
    // An answer by the provider itself; 502 and 504 come from something in between, and the request
    // may still be running.
    private static final Set<Integer> OWN_ERRORS = Set.of(500, 503);

    private final ProviderHttp http;

    public HttpPaymentProvider(ProviderHttp http) {
        this.http = http;
    }

    @Override
    public ChargeOutcome charge(
            String key, Money amount, String token, String reference, Deadline deadline) {
        JsonObject body = new JsonObject();
        body.addProperty("amount_minor", amount.minorUnits());
        body.addProperty("currency", amount.currency());
        body.addProperty("token", token);
        body.addProperty("reference", reference);
        try {
            return chargeOutcome(http.post("/v1/charges", key, body, deadline));
        } catch (NotSent e) {
            return new NotCharged(e.getMessage());
        } catch (IOException e) {
            return new Unknown(e.getClass().getSimpleName(), true);
        }
    }

    private static ChargeOutcome chargeOutcome(Answer answer) throws IOException {
        int status = answer.status();
        if (status == 200 || status == 201) {
            return known(answer.json());
        }
        if (TURNED_AWAY.contains(status)) {
            return new NotCharged("HTTP " + status);
        }
        // 409: another body under this key was first, or a request with it is still running. Only
        // asking can tell.
        if (status >= 400 && status < 500 && status != 408 && status != 409) {
            return new Refused(answer.error());
        }
        return new Unknown("HTTP " + status, !OWN_ERRORS.contains(status));
    }

    @Override
    public Lookup findCharge(String key, Deadline deadline) {
        try {
            Answer answer = http.get("/v1/charges?idempotency_key=" + encode(key), deadline);
            if (answer.status() != 200) {
                return new NoAnswer("HTTP " + answer.status());
            }
            JsonArray charges = answer.json().getAsJsonArray("charges");
            if (charges == null) {
                return new NoAnswer("no list of charges");
            }
            return charges.isEmpty()
                    ? new Nothing()
                    : new Found(known(charges.get(0).getAsJsonObject()));
        } catch (IOException e) {
            return new NoAnswer(e.getClass().getSimpleName());
        }
    }

    @Override
    public RefundOutcome refund(String key, String chargeId, Money amount, Deadline deadline) {
        JsonObject body = new JsonObject();
        body.addProperty("charge_id", chargeId);
        body.addProperty("amount_minor", amount.minorUnits());
        try {
            Answer answer = http.post("/v1/refunds", key, body, deadline);
            int status = answer.status();
            if (status == 200 || status == 201) {
                return new Refunded(text(answer.json(), "id"));
            }
            // A refund is only lost when the provider says that it can't be; all else is tried
            // again.
            return status == 422 || status == 404
                    ? new RefundRefused(answer.error())
                    : new RefundUnknown("HTTP " + status);
        } catch (IOException e) {
            return new RefundUnknown(e.getClass().getSimpleName());
        }
    }

    private static Known known(JsonObject charge) throws IOException {
        String id = text(charge, "id");
        return switch (text(charge, "status")) {
            case "succeeded" -> new Succeeded(id);
            case "declined" -> new Declined(id, text(charge, "decline_code"));
            default -> throw new IOException("a status that is not in the provider's API");
        };
    }

    private static String text(JsonObject object, String field) throws IOException {
        if (!object.has(field) || !object.get(field).isJsonPrimitive()) {
            throw new IOException("no " + field + " in the provider's answer");
        }
        return object.get(field).getAsString();
    }

    private static String encode(String key) {
        return URLEncoder.encode(key, StandardCharsets.UTF_8);
    }
}
