package banyan.payment.platform;

import com.google.gson.Strictness;
import com.google.gson.stream.JsonReader;
import com.google.gson.stream.JsonToken;
import java.io.IOException;
import java.io.StringReader;
import java.util.ArrayList;
import java.util.List;

/**
 * What the service can be told while it runs.
 *
 * @param logLevel `debug`, `info`, `warning` or `error`; null: as at the start
 * @param tracePercent 0 to 100: of the traces that begin here, those that are recorded
 */
record LiveSettings(String logLevel, double tracePercent) {
    private static final List<String> LEVELS = List.of("debug", "info", "warning", "error");

    static LiveSettings byDefault() {
        return new LiveSettings(null, 100);
    }

    /** Reads one JSON object. Throws {@link LiveFileException}, which names every problem. */
    static LiveSettings parse(String json) {
        List<String> problems = new ArrayList<>();
        LiveSettings read;
        try (JsonReader reader = new JsonReader(new StringReader(json))) {
            reader.setStrictness(Strictness.STRICT);
            read = object(reader, problems);
            if (reader.peek() != JsonToken.END_DOCUMENT) {
                problems.add("more than one JSON object");
            }
        } catch (IOException | IllegalStateException e) {
            throw new LiveFileException("no JSON object", e);
        }
        if (!problems.isEmpty()) {
            throw new LiveFileException(String.join("; ", problems), null);
        }
        return read;
    }

    private static LiveSettings object(JsonReader reader, List<String> problems)
            throws IOException {
        String level = null;
        double percent = 100;
        reader.beginObject();
        while (reader.hasNext()) {
            String name = reader.nextName();
            switch (name) {
                case "log_level" -> level = level(reader, problems);
                case "trace_percent" -> percent = percent(reader, problems);
                default -> {
                    problems.add(name + ": no such setting");
                    reader.skipValue();
                }
            }
        }
        reader.endObject();
        return new LiveSettings(level, percent);
    }

    private static String level(JsonReader reader, List<String> problems) throws IOException {
        if (reader.peek() == JsonToken.NULL) {
            reader.nextNull();
            return null;
        }
        String given = "";
        if (reader.peek() == JsonToken.STRING) {
            given = reader.nextString();
        } else {
            reader.skipValue();
        }
        if (!LEVELS.contains(given)) {
            problems.add("log_level: must be one of " + LEVELS);
        }
        return given;
    }

    private static double percent(JsonReader reader, List<String> problems) throws IOException {
        double given = -1;
        if (reader.peek() == JsonToken.NUMBER) {
            given = reader.nextDouble();
        } else {
            reader.skipValue();
        }
        if (given < 0 || given > 100) {
            problems.add("trace_percent: must be from 0 to 100");
        }
        return given;
    }
}
