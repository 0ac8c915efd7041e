package banyan.payment.platform;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import java.util.logging.Handler;
import java.util.logging.LogManager;
import java.util.logging.LogRecord;
import org.slf4j.LoggerFactory;

/** Sets the level, and brings what libraries log by other means into the same stream. */
public final class Logging {
    /** The logger of the two lines that are written whatever the level is: starting and ready. */
    public static final String ANNOUNCE = "banyan.announce";

    private Logging() {}

    /**
     * @param level `debug`, `info`, `warning` or `error`
     */
    public static void configure(String level) {
        setLevel(level);
        java.util.logging.Logger root = LogManager.getLogManager().getLogger("");
        for (Handler handler : root.getHandlers()) {
            root.removeHandler(handler);
        }
        root.setLevel(java.util.logging.Level.WARNING);
        root.addHandler(new ToSlf4j());
    }

    /** From now on the service's own loggers write what is at least of {@code level}. */
    static void setLevel(String level) {
        Level ours = Level.toLevel(level.equals("warning") ? "warn" : level);
        ((Logger) LoggerFactory.getLogger("banyan")).setLevel(ours);
    }

    private static final class ToSlf4j extends Handler {
        @Override
        public void publish(LogRecord line) {
            String name = line.getLoggerName() == null ? "jul" : line.getLoggerName();
            boolean severe =
                    line.getLevel().intValue() >= java.util.logging.Level.SEVERE.intValue();
            LoggerFactory.getLogger(name)
                    .atLevel(severe ? org.slf4j.event.Level.ERROR : org.slf4j.event.Level.WARN)
                    .setCause(line.getThrown())
                    .log(String.valueOf(line.getMessage()));
        }

        @Override
        public void flush() {
            // the appender writes through
        }

        @Override
        public void close() {
            // owns nothing
        }
    }
}
