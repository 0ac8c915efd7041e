package banyan.payment.platform;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Objects;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Settings that change while the service runs: one JSON file, looked at every two seconds, applied
 * when it is good. In a cluster it is a ConfigMap mounted as a folder, which Kubernetes renews in
 * place; here it is any file.
 *
 * <p>A file that is bad at the start keeps the service from starting, as bad settings do. One that
 * becomes bad changes nothing, and is logged and counted until it is mended. One that goes away
 * means: all as by default.
 */
public final class Live {
    static final int LARGEST_BYTES = 65_536;
    private static final Duration LOOK_EVERY = Duration.ofSeconds(2);
    private static final Logger LOG = LoggerFactory.getLogger(Live.class);
    private static final Logger ANNOUNCE = LoggerFactory.getLogger(Logging.ANNOUNCE);

    private final Path file;
    private final String level;
    private final Metrics metrics;
    private final BackgroundLoop loop;
    private String seen;

    /**
     * @param level the log level at the start
     */
    public Live(Path file, String level, Metrics metrics) {
        this(file, level, metrics, LOOK_EVERY);
    }

    Live(Path file, String level, Metrics metrics, Duration every) {
        this.file = file;
        this.level = level;
        this.metrics = metrics;
        this.loop = new BackgroundLoop("live-settings", every, metrics, this::look);
    }

    /** Reads the file once. Throws {@link LiveFileException} when it is bad. */
    public Live read() {
        take(content());
        metrics.liveValid.set(1);
        return this;
    }

    /** Looks again until stopped. */
    public BackgroundLoop loop() {
        return loop;
    }

    private boolean look() {
        try {
            String content = content();
            if (Objects.equals(content, seen)) {
                return false;
            }
            LiveSettings settings = take(content);
            metrics.liveReloads.labelValues("applied").inc();
            metrics.liveValid.set(1);
            ANNOUNCE.atInfo()
                    .addKeyValue("log_level", String.valueOf(settings.logLevel()))
                    .addKeyValue("trace_percent", settings.tracePercent())
                    .log("live settings applied");
        } catch (LiveFileException e) {
            metrics.liveReloads.labelValues("refused").inc();
            metrics.liveValid.set(0);
            LOG.atError()
                    .addKeyValue("file", file)
                    .addKeyValue("reason", e.getMessage())
                    .log("live settings refused, the old ones stay");
        }
        return false;
    }

    private LiveSettings take(String content) {
        seen = content;
        LiveSettings settings =
                content == null ? LiveSettings.byDefault() : LiveSettings.parse(content);
        Logging.setLevel(settings.logLevel() == null ? level : settings.logLevel());
        TraceContext.sampleNewTraces(settings.tracePercent());
        return settings;
    }

    /** Null when there is no such file. */
    private String content() {
        try (InputStream opened = Files.newInputStream(file)) {
            byte[] read = opened.readNBytes(LARGEST_BYTES + 1);
            if (read.length > LARGEST_BYTES) {
                throw new LiveFileException("more than " + LARGEST_BYTES + " bytes", null);
            }
            return new String(read, StandardCharsets.UTF_8);
        } catch (NoSuchFileException e) {
            return null;
        } catch (IOException e) {
            throw new LiveFileException("can't be read: " + e.getClass().getSimpleName(), e);
        }
    }
}
