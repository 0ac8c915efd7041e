package banyan.payment;

import banyan.payment.config.Settings;
import banyan.payment.platform.AdminServer;
import banyan.payment.platform.BackgroundLoop;
import banyan.payment.platform.GrpcServer;
import banyan.payment.platform.Logging;
import banyan.payment.platform.Readiness;
import banyan.payment.platform.Shutdown;
import java.io.IOException;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Everything the process runs, to start and stop as one. */
record App(
        Settings settings,
        GrpcServer grpc,
        AdminServer admin,
        Readiness readiness,
        List<BackgroundLoop> loops) {
    private static final Logger LOG = LoggerFactory.getLogger(Logging.ANNOUNCE);
    private static final Duration STEP = Duration.ofSeconds(3);

    void start() throws IOException {
        admin.start();
        grpc.start();
        readiness.start();
        loops.forEach(BackgroundLoop::start);
        LOG.atInfo()
                .addKeyValue("grpc", grpc.address())
                .addKeyValue("admin", admin.address())
                .log("ready");
    }

    /** The steps every service stops by, up to where its own connections close. */
    Shutdown stopping() {
        Duration delay = settings.drainDelay();
        Duration grace = settings.drainGrace();
        Shutdown steps =
                new Shutdown()
                        .then("readiness", STEP, readiness::drain)
                        .then("delay", delay.plus(STEP), () -> Thread.sleep(delay.toMillis()))
                        .then("grpc", grace.plus(STEP), () -> grpc.stop(grace));
        loops.forEach(loop -> steps.then(loop.name(), STEP, () -> loop.stop(STEP)));
        return steps;
    }

    /** Loops that ended without being asked to, by name. */
    static Map<String, String> dead(List<BackgroundLoop> loops) {
        Map<String, String> dead = new LinkedHashMap<>();
        loops.stream()
                .filter(loop -> !loop.isAlive())
                .forEach(loop -> dead.put(loop.name(), "ended"));
        return dead;
    }
}
