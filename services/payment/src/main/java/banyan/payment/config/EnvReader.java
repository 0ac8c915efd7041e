package banyan.payment.config;

import java.net.InetSocketAddress;
import java.net.URI;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.function.Function;

/** Reads typed variables and collects what is wrong with them, never quoting a value: it may be a secret. */
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
        return parsed(name, text(name, fallback), value -> {
            if (!List.of(allowed).contains(value)) {
                throw new IllegalArgumentException("must be one of " + Arrays.toString(allowed));
            }
            return value;
        });
    }

    int integer(String name, int fallback, int low, int high) {
        Integer value = parsed(name, text(name, Integer.toString(fallback)), text -> {
            int number = Integer.parseInt(text);
            if (number < low || number > high) {
                throw new IllegalArgumentException("must be from " + low + " to " + high);
            }
            return number;
        });
        return value == null ? fallback : value;
    }

    Duration seconds(String name, double fallback, double low, double high) {
        Duration value = parsed(name, text(name, Double.toString(fallback)), text -> {
            double number = Double.parseDouble(text);
            if (!(number >= low && number <= high)) {
                throw new IllegalArgumentException("must be from " + low + " to " + high + " seconds");
            }
            return Duration.ofMillis(Math.round(number * 1e3));
        });
        return value == null ? Duration.ofMillis(Math.round(fallback * 1e3)) : value;
    }

    InetSocketAddress address(String name, String fallback) {
        return parsed(name, text(name, fallback), text -> {
            int colon = text.lastIndexOf(':');
            if (colon < 1) {
                throw new IllegalArgumentException("must be host:port");
            }
            return new InetSocketAddress(text.substring(0, colon), Integer.parseInt(text.substring(colon + 1)));
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
        URI uri = URI.create(text);
        if (uri.getHost() == null || !List.of("http", "https").contains(uri.getScheme())) {
            throw new IllegalArgumentException("must be http(s)://host[:port]");
        }
        return uri;
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
            problem(name, e.getMessage().contains(value) ? "malformed" : e.getMessage());
        }
        return null;
    }
}
