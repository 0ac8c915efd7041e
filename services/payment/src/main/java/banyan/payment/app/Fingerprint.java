package banyan.payment.app;

import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;

/**
 * What a charge asked for, as one SHA-256: enough to tell a repeat from another request, useless to
 * anyone else.
 */
final class Fingerprint {
    private Fingerprint() {}

    static String of(ChargeOrder.Command command) {
        // None of the parts can hold a line break but the token, and that goes in as its own hash.
        return sha256(
                String.join(
                        "\n",
                        command.orderId(),
                        command.userId(),
                        Long.toString(command.amount().minorUnits()),
                        command.amount().currency(),
                        sha256(command.token())));
    }

    private static String sha256(String text) {
        try {
            MessageDigest digest = MessageDigest.getInstance("SHA-256");
            return HexFormat.of().formatHex(digest.digest(text.getBytes(StandardCharsets.UTF_8)));
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every Java has SHA-256", e);
        }
    }
}
