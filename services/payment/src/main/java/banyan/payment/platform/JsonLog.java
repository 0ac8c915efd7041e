package banyan.payment.platform;

import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.classic.spi.ThrowableProxyUtil;
import ch.qos.logback.core.encoder.EncoderBase;
import com.google.gson.stream.JsonWriter;
import java.io.IOException;
import java.io.StringWriter;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.util.Locale;
import java.util.Map;
import org.slf4j.event.KeyValuePair;

/**
 * A log event as one JSON line: time, level, service, event, trace_id, span_id, then its own
 * fields; masked.
 */
public final class JsonLog extends EncoderBase<ILoggingEvent> {
    private static final DateTimeFormatter TIME =
            DateTimeFormatter.ofPattern("yyyy-MM-dd'T'HH:mm:ss.SSS'Z'").withZone(ZoneOffset.UTC);
    private static final byte[] NOTHING = {};

    private final String service;

    public JsonLog(String service) {
        this.service = service;
    }

    @Override
    public byte[] headerBytes() {
        return NOTHING;
    }

    @Override
    public byte[] footerBytes() {
        return NOTHING;
    }

    @Override
    public byte[] encode(ILoggingEvent event) {
        StringWriter text = new StringWriter(256);
        try (JsonWriter json = new JsonWriter(text)) {
            json.setHtmlSafe(false);
            write(json, event);
        } catch (IOException e) {
            throw new IllegalStateException("a StringWriter does not fail", e);
        }
        return text.append('\n').toString().getBytes(StandardCharsets.UTF_8);
    }

    private void write(JsonWriter json, ILoggingEvent event) throws IOException {
        TraceContext trace = TraceContext.KEY.get();
        json.beginObject();
        json.name("time").value(TIME.format(Instant.ofEpochMilli(event.getTimeStamp())));
        json.name("level").value(level(event));
        json.name("service").value(service);
        json.name("event").value(Masking.mask(event.getFormattedMessage()));
        json.name("trace_id").value(trace == null ? "" : trace.traceId());
        json.name("span_id").value(trace == null ? "" : trace.spanId());
        if (event.getKeyValuePairs() != null) {
            for (KeyValuePair pair : event.getKeyValuePairs()) {
                json.name(pair.key);
                value(json, pair.key, pair.value);
            }
        }
        if (!event.getLoggerName().startsWith("banyan.")) {
            json.name("logger").value(event.getLoggerName());
        }
        if (event.getThrowableProxy() != null) {
            json.name("exception")
                    .value(Masking.mask(ThrowableProxyUtil.asString(event.getThrowableProxy())));
        }
        json.endObject();
    }

    private static void value(JsonWriter json, String name, Object value) throws IOException {
        if (value instanceof Map<?, ?> map) {
            json.beginObject();
            for (Map.Entry<?, ?> entry : map.entrySet()) {
                String key = String.valueOf(entry.getKey());
                json.name(key);
                value(json, key, entry.getValue());
            }
            json.endObject();
        } else if (value instanceof Number number) {
            json.value(number);
        } else if (value instanceof Boolean truth) {
            json.value(truth);
        } else {
            json.value(Masking.mask(name, String.valueOf(value)));
        }
    }

    private static String level(ILoggingEvent event) {
        String level = event.getLevel().toString().toLowerCase(Locale.ROOT);
        return level.equals("warn") ? "warning" : level;
    }
}
