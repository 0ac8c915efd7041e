package banyan.payment.platform;

import static org.assertj.core.api.Assertions.assertThat;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.spi.LoggingEvent;
import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import io.grpc.Context;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.slf4j.LoggerFactory;
import org.slf4j.event.KeyValuePair;

class JsonLogTest {
    private final JsonLog encoder = new JsonLog("payment");

    private String encode(String message, Throwable thrown, KeyValuePair... fields) {
        Logger logger = (Logger) LoggerFactory.getLogger("banyan.test");
        LoggingEvent event = new LoggingEvent("", logger, Level.WARN, message, thrown, null);
        event.setKeyValuePairs(List.of(fields));
        return new String(encoder.encode(event), StandardCharsets.UTF_8);
    }

    private static JsonObject json(String line) {
        return JsonParser.parseString(line).getAsJsonObject();
    }

    @Test
    void a_line_has_its_fixed_fields_first_and_its_trace() throws Exception {
        TraceContext trace = TraceContext.startedFrom(null);
        String line =
                Context.ROOT
                        .withValue(TraceContext.KEY, trace)
                        .call(
                                () ->
                                        encode(
                                                "charge resolved",
                                                null,
                                                new KeyValuePair("count", 3),
                                                new KeyValuePair("map", Map.of("a", true))));
        assertThat(line).endsWith("}\n").hasLineCount(1);
        JsonObject json = json(line);
        assertThat(json.keySet())
                .containsExactly(
                        "time", "level", "service", "event", "trace_id", "span_id", "count", "map");
        assertThat(json.get("level").getAsString()).isEqualTo("warning");
        assertThat(json.get("time").getAsString())
                .matches("\\d{4}-\\d\\d-\\d\\dT\\d\\d:\\d\\d:\\d\\d\\.\\d{3}Z");
        assertThat(json.get("trace_id").getAsString()).isEqualTo(trace.traceId());
        assertThat(json.get("count").getAsInt()).isEqualTo(3);
    }

    @Test
    void tokens_addresses_card_numbers_and_passwords_never_appear() {
        String line =
                encode(
                        "charging tok_4242secret for jane.doe@example.org",
                        new IllegalStateException(
                                "card 4111 1111 1111 1111 at postgres://payment:hunter2@db/payment"),
                        new KeyValuePair("payment_token", "anything"),
                        new KeyValuePair("note", "4111-1111-1111-1111"));
        assertThat(line)
                .doesNotContain("4242secret")
                .doesNotContain("jane.doe")
                .doesNotContain("4111")
                .doesNotContain("hunter2")
                .doesNotContain("anything");
    }

    @Test
    void ids_stay_readable() {
        String id = "01a20f11-00e0-722f-b6e6-376559a2545e";
        assertThat(
                        json(encode("x", null, new KeyValuePair("payment_id", id)))
                                .get("payment_id")
                                .getAsString())
                .isEqualTo(id);
    }
}
