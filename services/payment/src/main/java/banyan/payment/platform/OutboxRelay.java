package banyan.payment.platform;

import java.io.IOException;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.Callable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Publishes the outbox: in order, by one replica at a time, until the broker has acknowledged each
 * event. An event may be sent twice after a crash; the broker drops a repeat of the same id.
 */
public final class OutboxRelay {
    private static final Logger LOG = LoggerFactory.getLogger(OutboxRelay.class);
    private static final int BATCH = 200;
    private static final Duration POLL = Duration.ofSeconds(1);
    // Under load events gather for so long and go out together: a batch costs the same whatever is
    // in it. The first after a rest goes at once.
    private static final Duration GATHER = Duration.ofMillis(100);

    private final Callable<Connection> connect;
    private final Broker broker;
    private final Metrics metrics;
    private final BackgroundLoop loop;
    private final OutboxNews news = new OutboxNews();
    private OutboxTable table;
    private boolean brokerAway;
    private long measuredAt = System.nanoTime() - POLL.toNanos();

    /**
     * @param service names the stream (upper case) and what its subjects begin with
     * @param connect gives a connection of the relay's own
     */
    public OutboxRelay(
            String service, String natsUrl, Callable<Connection> connect, Metrics metrics) {
        this.connect = connect;
        this.broker = new Broker(service, natsUrl);
        this.metrics = metrics;
        this.loop = new BackgroundLoop("outbox-relay", GATHER, metrics, this::step);
    }

    /** Does the publishing; its owner starts it. */
    public BackgroundLoop loop() {
        return loop;
    }

    /** Ends after the running batch and closes what the relay holds. */
    public void stop(Duration limit) throws InterruptedException, SQLException {
        loop.stop(limit);
        broker.close();
        if (table != null) {
            table.close();
        }
    }

    /** Tells that an event was committed by this process. */
    public void wake() {
        news.tell();
    }

    private boolean step() throws Exception {
        try {
            if (table == null) {
                table = new OutboxTable(connect.call());
            }
            boolean told = news.await(POLL, table);
            boolean leading = table.lead();
            boolean more = leading && publish();
            if (told && !leading) {
                table.tellOthers();
            }
            measure();
            if (more) {
                news.tell();
            }
            return more;
        } catch (SQLException e) {
            drop();
            throw e;
        }
    }

    private void measure() throws SQLException {
        if (System.nanoTime() - measuredAt < POLL.toNanos()) {
            return;
        }
        measuredAt = System.nanoTime();
        OutboxTable.Backlog backlog = table.backlog();
        metrics.outboxBacklog.set(backlog.rows());
        metrics.outboxOldestAge.set(backlog.oldestAgeSeconds());
    }

    /**
     * One batch; true when there may be another. Without a broker it is tried again after the next
     * look.
     */
    private boolean publish() throws SQLException, InterruptedException {
        List<OutboxTable.Row> rows = table.next(BATCH);
        try {
            broker.ensure();
            if (brokerAway) {
                LOG.info("broker is back");
            }
            brokerAway = false;
            if (rows.isEmpty()) {
                return false;
            }
            List<Long> done = broker.publish(rows);
            table.markPublished(done);
            metrics.outboxPublished.inc(done.size());
            if (done.size() < rows.size()) {
                LOG.atWarn()
                        .addKeyValue("sent", rows.size())
                        .addKeyValue("acknowledged", done.size())
                        .log("the broker did not take every event; they are sent again");
            }
            return rows.size() == BATCH && done.size() == rows.size();
        } catch (IOException | io.nats.client.JetStreamApiException | IllegalStateException e) {
            if (!brokerAway) {
                LOG.atWarn()
                        .addKeyValue("reason", String.valueOf(e.getMessage()))
                        .log("broker is away; events wait");
            }
            brokerAway = true;
            return false;
        }
    }

    private void drop() throws SQLException {
        OutboxTable broken = table;
        table = null;
        if (broken != null) {
            broken.close();
        }
    }
}
