package banyan.payment;

import static banyan.payment.rpc.Client.charge;
import static org.assertj.core.api.Assertions.assertThat;

import banyan.payment.support.Eventually;
import banyan.payment.support.World;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;

/** What payment exports is named and typed as protos/config/telemetry.yaml has it. */
class TelemetryTest {
    private static final Path FILE = Path.of("../../protos/config/telemetry.yaml");
    private static final Set<String> SECTIONS =
            Set.of("common", "clients", "channels", "producers", "live", "payment");
    private static final Pattern SECTION = Pattern.compile("^ *(\\w+):$");
    private static final Pattern METRIC = Pattern.compile("^ +(\\w+): \\{kind: (\\w+), .*");

    @Test
    void every_metric_of_the_file_is_exported_with_its_kind() throws IOException {
        List<String> wanted = declared();
        assertThat(wanted).hasSizeGreaterThan(7);
        try (RunningApp running = new RunningApp(Map.of())) {
            running.client.stub().charge(charge(World.newOrder(), World.USER, "tok_ok"));
            Eventually.holds(() -> running.get("/metrics").body().contains("rpc_server_call"));
            assertThat(running.get("/metrics").body().lines().toList()).containsAll(wanted);
        }
    }

    private static List<String> declared() throws IOException {
        List<String> lines = new ArrayList<>();
        String section = "";
        for (String line : Files.readAllLines(FILE)) {
            Matcher head = SECTION.matcher(line);
            Matcher metric = METRIC.matcher(line);
            if (head.matches()) {
                section = head.group(1);
            } else if (metric.matches() && SECTIONS.contains(section)) {
                lines.add("# TYPE " + metric.group(1) + " " + metric.group(2));
            }
        }
        return lines;
    }
}
