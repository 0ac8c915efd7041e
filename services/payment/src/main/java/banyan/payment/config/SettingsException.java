package banyan.payment.config;

import java.util.List;

/** Everything that is wrong with the settings. */
public final class SettingsException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    SettingsException(List<String> problems) {
        super(
                problems.size()
                        + " setting(s) to fix:\n  "
                        + String.join("\n  ", problems.stream().sorted().toList()));
    }
}
