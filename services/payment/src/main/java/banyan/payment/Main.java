package banyan.payment;

import banyan.payment.config.Settings;
import banyan.payment.config.SettingsException;
import banyan.payment.platform.Logging;
import java.util.concurrent.CountDownLatch;
import org.slf4j.LoggerFactory;

/**
 * The process: settings, start, SIGTERM, exit code. 0 after a drain, 1 when it could not start, 2
 * on bad settings.
 */
public final class Main {
    private Main() {}

    public static void main(String[] args) throws InterruptedException {
        Settings settings;
        try {
            settings = Settings.fromEnv(System.getenv());
        } catch (SettingsException e) {
            System.err.println(e.getMessage());
            System.exit(2);
            return;
        }
        Logging.configure(settings.logLevel());
        LoggerFactory.getLogger(Logging.ANNOUNCE)
                .atInfo()
                .addKeyValue("settings", settings.described())
                .log("starting");
        Ending ending = new Ending();
        Runtime.getRuntime().addShutdownHook(new Thread(ending, "stop"));
        try {
            ending.started(LiveProcess.start(settings));
        } catch (Exception e) {
            LoggerFactory.getLogger(Main.class).error("could not start", e);
            ending.failed();
            System.exit(1);
        }
        // Every thread of the service is a daemon; the hook ends the process.
        new CountDownLatch(1).await();
    }
}
