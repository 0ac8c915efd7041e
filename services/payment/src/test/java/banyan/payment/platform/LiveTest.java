package banyan.payment.platform;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import banyan.payment.support.Eventually;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.time.Duration;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The file is as Kubernetes mounts a ConfigMap: a link into a folder that is exchanged as a whole.
 */
class LiveTest {
    private static final Logger LOG = LoggerFactory.getLogger("banyan.payment.live.test");

    @TempDir Path folder;
    private final Metrics metrics = new Metrics();
    private Path file;
    private Live live;
    private int versions;

    @BeforeEach
    void mount() throws IOException {
        exchange("{}");
        file = Files.createSymbolicLink(folder.resolve("live.json"), Path.of("..data/live.json"));
        live = new Live(file, "info", metrics, Duration.ofMillis(5));
    }

    @AfterEach
    void leave() throws InterruptedException {
        live.loop().stop(Duration.ofSeconds(5));
        Logging.setLevel("info");
        TraceContext.sampleNewTraces(100);
    }

    private void exchange(String text) throws IOException {
        Path made = Files.createDirectory(folder.resolve("..v" + versions++));
        Files.writeString(made.resolve("live.json"), text);
        Path next = Files.createSymbolicLink(folder.resolve("..next"), made.getFileName());
        Files.move(next, folder.resolve("..data"), StandardCopyOption.ATOMIC_MOVE);
    }

    private double reloads(String outcome) {
        return metrics.liveReloads.labelValues(outcome).get();
    }

    @Test
    void settings_are_applied_while_it_runs() throws Exception {
        live.read().loop().start();
        assertThat(LOG.isDebugEnabled()).isFalse();
        assertThat(TraceContext.startedFrom(null).sampled()).isTrue();
        assertThat(metrics.liveValid.get()).isEqualTo(1);
        exchange("{\"log_level\": \"debug\", \"trace_percent\": 0}");
        Eventually.holds(() -> reloads("applied") == 1);
        assertThat(LOG.isDebugEnabled()).isTrue();
        assertThat(TraceContext.startedFrom(null).sampled()).isFalse();
        TraceContext recorded = new TraceContext("1".repeat(32), "2".repeat(16), true);
        assertThat(TraceContext.startedFrom(recorded).sampled()).isTrue();
        exchange("{\"log_level\": null}");
        Eventually.holds(() -> reloads("applied") == 2);
        assertThat(LOG.isDebugEnabled()).isFalse();
        assertThat(TraceContext.startedFrom(null).sampled()).isTrue();
    }

    @Test
    void a_bad_file_changes_nothing_until_it_is_mended() throws Exception {
        exchange("{\"log_level\": \"debug\"}");
        live.read().loop().start();
        exchange("{\"log_level\": \"loud\", \"trace_percent\": 101}");
        Eventually.holds(() -> reloads("refused") == 1);
        assertThat(LOG.isDebugEnabled()).isTrue();
        assertThat(metrics.liveValid.get()).isZero();
        exchange("{\"log_level\": \"debug\", \"trace_percent\": 5}");
        Eventually.holds(() -> metrics.liveValid.get() == 1);
        Files.delete(file);
        Eventually.holds(() -> reloads("applied") == 2);
        assertThat(LOG.isDebugEnabled()).as("gone: all as by default").isFalse();
    }

    @Test
    void every_problem_is_named() throws Exception {
        exchange("{\"log_level\": 5, \"trace_percent\": \"all\", \"log_levle\": {}}");
        assertThatThrownBy(live::read)
                .isInstanceOf(LiveFileException.class)
                .hasMessageContainingAll("log_level: ", "trace_percent: ", "log_levle: no such");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {"[]", "", "{} {}", "{'log_level': 'debug'}", "{\"trace_percent\": null}"})
    void a_bad_file_keeps_the_service_from_starting(String text) throws Exception {
        exchange(text);
        assertThatThrownBy(live::read).isInstanceOf(LiveFileException.class);
    }

    @Test
    void a_file_has_its_most_bytes_and_must_be_one() throws Exception {
        exchange(" ".repeat(Live.LARGEST_BYTES + 1));
        assertThatThrownBy(live::read).hasMessageContaining("more than");
        var folderInstead = new Live(folder, "info", metrics, Duration.ofMillis(5));
        assertThatThrownBy(folderInstead::read).hasMessageContaining("can't be read");
    }
}
