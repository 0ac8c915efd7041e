package banyan.payment.config;

import java.net.InetSocketAddress;
import java.net.URI;
import java.net.URISyntaxException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.function.Function;

/**
 * Reads typed variables and collects what is wrong with them, never quoting a value: it may be a
 * secret.
 */
final class EnvReader {
    private final Map<String, String> env;
    private final List<String> problems = new ArrayList<>();

    EnvReader(Map<String, String> env) {
        this.env = env;
    }

    String text(String name, String fallback) {
        String value = env.get(name);
        return value == null || value.isBlank() ? fallback : value.strip();
    }

    String oneOf(String name, String fallback, String... allowed) {
        return parsed(
                name,
                text(name, fallback),
                value -> {
                    if (!List.of(allowed).contains(value)) {
                        throw new IllegalArgumentException(
                                "must be one of " + Arrays.toString(allowed));
                    }
                    return value;
                });
    }

    int integer(String name, int fallback, int low, int high) {
        Integer value =
                parsed(
                        name,
                        text(name, Integer.toString(fallback)),
                        text -> {
                            int number = Integer.parseInt(text);
                            if (number < low || number > high) {
                                throw new IllegalArgumentException(
                                        "must be from " + low + " to " + high);
                            }
                            return number;
                        });
        return value == null ? fallback : value;
    }

    Duration seconds(String name, double fallback, double low, double high) {
        Duration value =
                parsed(
                        name,
                        text(name, Double.toString(fallback)),
                        text -> {
                            double number = Double.parseDouble(text);
                            if (!(number >= low && number <= high)) {
                                throw new IllegalArgumentException(
                                        "must be from " + low + " to " + high + " seconds");
                            }
                            return Duration.ofMillis(Math.round(number * 1e3));
                        });
        return value == null ? Duration.ofMillis(Math.round(fallback * 1e3)) : value;
    }

    InetSocketAddress address(String name, String fallback) {
        return parsed(
                name,
                text(name, fallback),
                text -> {
                    int colon = text.lastIndexOf(':');
                    int port = colon < 1 ? -1 : Integer.parseInt(text.substring(colon + 1));
                    if (port < 0 || port > 65_535) {
                        throw new IllegalArgumentException(
                                "must be host:port with a port from 0 to 65535");
                    }
                    return new InetSocketAddress(text.substring(0, colon), port);
                });
    }

    <T> T required(String name, Function<String, T> parse) {
        String value = text(name, "");
        if (value.isEmpty()) {
            problem(name, "required, not set");
            return null;
        }
        return parsed(name, value, parse);
    }

    static URI httpUrl(String text) {
        String wanted = "must be http(s)://host[:port]";
        try {
            URI uri = new URI(text);
            if (uri.getHost() != null
                    && List.of("http", "https").contains(String.valueOf(uri.getScheme()))) {
                return uri;
            }
        } catch (URISyntaxException e) {
            throw new IllegalArgumentException(wanted, e);
        }
        throw new IllegalArgumentException(wanted);
    }

    void problem(String name, String what) {
        problems.add(name + ": " + what);
    }

    void finish() {
        if (!problems.isEmpty()) {
            throw new SettingsException(problems);
        }
    }

    private <T> T parsed(String name, String value, Function<String, T> parse) {
        try {
            return parse.apply(value);
        } catch (NumberFormatException e) {
            problem(name, "must be a number");
        } catch (IllegalArgumentException e) {
            problem(name, e.getMessage());
        }
        return null;
    }
}
