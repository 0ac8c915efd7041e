package banyan.payment.platform;

import java.util.Locale;
import java.util.Set;
import java.util.regex.Pattern;

/**
 * Takes out of a log line what must not be in it, as the last resort: the code should not have put
 * it there.
 */
final class Masking {
    private static final String STARS = "***";
    private static final Set<String> SECRET_NAMES =
            Set.of("token", "password", "secret", "authorization", "email", "card");
    private static final Pattern CREDENTIALS = Pattern.compile("//[^/@\\s]+@");
    private static final Pattern SECRETS =
            Pattern.compile(
                    "\\b(?:tok|sk|pk)_[A-Za-z0-9_]+" // the provider's tokens and keys
                            + "|\\b[A-Za-z0-9._%+-]+@[A-Za-z0-9.-]+\\.[A-Za-z]{2,}\\b" // e-mail
                            // addresses
                            + "|\\b\\d(?:[ -]?\\d){12,18}\\b"); // card numbers

    private Masking() {}

    static String mask(String text) {
        return SECRETS.matcher(CREDENTIALS.matcher(text).replaceAll("//" + STARS + "@"))
                .replaceAll(STARS);
    }

    static String mask(String name, String value) {
        String lower = name.toLowerCase(Locale.ROOT);
        return SECRET_NAMES.stream().anyMatch(lower::contains) ? STARS : mask(value);
    }
}
