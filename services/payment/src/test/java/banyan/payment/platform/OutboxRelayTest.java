package banyan.payment.platform;

import static org.assertj.core.api.Assertions.assertThat;

import banyan.payment.support.Eventually;
import banyan.payment.support.Postgres;
import banyan.payment.support.Servers;
import io.nats.client.Connection;
import io.nats.client.JetStreamSubscription;
import io.nats.client.Message;
import io.nats.client.Nats;
import io.nats.client.PushSubscribeOptions;
import java.net.URI;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.Statement;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.postgresql.PGConnection;
import org.postgresql.PGNotification;

/** Against a real broker and a real database. */
class OutboxRelayTest {
    private final String data = Servers.temporary("payment-nats");
    private final String database = Postgres.database();
    private final Metrics metrics = new Metrics();
    private java.sql.Connection connection;
    private Servers.Nats nats;
    private final List<OutboxRelay> relays = new ArrayList<>();

    @BeforeEach
    void open() throws Exception {
        connection = Postgres.connect(database);
        nats = Servers.nats(-1, data);
    }

    @AfterEach
    void close() throws Exception {
        for (OutboxRelay relay : relays) {
            relay.stop(Duration.ofSeconds(5));
        }
        connection.close();
        nats.close();
    }

    private OutboxRelay relay() {
        OutboxRelay relay =
                new OutboxRelay("payment", nats.url(), () -> Postgres.connect(database), metrics);
        relays.add(relay);
        relay.loop().start();
        return relay;
    }

    private String event(String text) throws Exception {
        String id = UUID.randomUUID().toString();
        String sql =
                """
                INSERT INTO outbox (id, subject, type, entity_id, data, headers)
                VALUES (?::uuid, 'payment.charged', 'banyan.payment.v1.PaymentCharged', 'p1', ?, '{"traceparent": "00-abc"}')""";
        try (PreparedStatement insert = connection.prepareStatement(sql);
                Statement wake = connection.createStatement()) {
            insert.setString(1, id);
            insert.setBytes(2, text.getBytes());
            insert.execute();
            wake.execute("NOTIFY outbox");
        }
        return id;
    }

    private long waiting() throws Exception {
        try (Statement query = connection.createStatement();
                ResultSet row =
                        query.executeQuery(
                                "SELECT count(*) FROM outbox WHERE published_at IS NULL")) {
            row.next();
            return row.getLong(1);
        }
    }

    private List<Message> published(int count) throws Exception {
        try (Connection client = Nats.connect(nats.url())) {
            JetStreamSubscription all =
                    client.jetStream()
                            .subscribe(
                                    "payment.>",
                                    PushSubscribeOptions.builder().ordered(true).build());
            List<Message> messages = new ArrayList<>();
            for (int i = 0; i < count; i++) {
                Message message = all.nextMessage(Duration.ofSeconds(10));
                assertThat(message).as("message %d of %d", i + 1, count).isNotNull();
                messages.add(message);
            }
            assertThat(all.nextMessage(Duration.ofMillis(50))).isNull();
            return messages;
        }
    }

    @Test
    void events_arrive_once_in_order_with_the_headers_of_the_mesh() throws Exception {
        String first = event("1");
        for (int i = 2; i <= 450; i++) {
            event("" + i);
        }
        relay();
        Eventually.holds(Duration.ofSeconds(20), () -> waiting() == 0);
        List<Message> messages = published(450);
        assertThat(messages)
                .extracting(each -> Integer.parseInt(new String(each.getData())))
                .isSorted();
        Message message = messages.get(0);
        assertThat(message.getSubject()).isEqualTo("payment.charged");
        var headers = message.getHeaders();
        assertThat(headers.getFirst("Nats-Msg-Id"))
                .isEqualTo(first)
                .isEqualTo(headers.getFirst("ce-id"));
        assertThat(headers.getFirst("ce-type")).isEqualTo("banyan.payment.v1.PaymentCharged");
        assertThat(headers.getFirst("ce-source")).isEqualTo("banyan/payment");
        assertThat(headers.getFirst("ce-subject")).isEqualTo("p1");
        assertThat(headers.getFirst("ce-specversion")).isEqualTo("1.0");
        assertThat(headers.getFirst("content-type")).isEqualTo("application/protobuf");
        assertThat(headers.getFirst("traceparent")).isEqualTo("00-abc");
        assertThat(headers.getFirst("ce-time")).endsWith("Z");
        Eventually.holds(
                () -> metrics.outboxBacklog.get() == 0 && metrics.outboxPublished.get() == 450);
    }

    @Test
    void the_stream_is_as_the_mesh_wants_it() throws Exception {
        relay();
        event("x");
        Eventually.holds(() -> waiting() == 0);
        try (Connection client = Nats.connect(nats.url())) {
            var stream = client.jetStreamManagement().getStreamInfo("PAYMENT").getConfiguration();
            assertThat(stream.getSubjects()).containsExactly("payment.>");
            assertThat(stream.getMaxAge()).isEqualTo(Duration.ofDays(30));
            assertThat(stream.getDuplicateWindow()).isEqualTo(Duration.ofSeconds(120));
        }
    }

    @Test
    void two_relays_publish_each_event_once_and_one_takes_over_from_the_other() throws Exception {
        OutboxRelay first = relay();
        relay();
        event("1");
        Eventually.holds(() -> waiting() == 0);
        first.stop(Duration.ofSeconds(5));
        relays.remove(first);
        event("2");
        Eventually.holds(() -> waiting() == 0);
        assertThat(published(2))
                .extracting(each -> new String(each.getData()))
                .containsExactly("1", "2");
        assertThat(metrics.outboxPublished.get()).isEqualTo(2);
    }

    @Test
    void a_relay_that_does_not_lead_has_the_leading_one_woken() throws Exception {
        relay();
        event("1");
        Eventually.holds(() -> waiting() == 0);
        OutboxRelay second = relay();
        try (Statement listen = connection.createStatement()) {
            listen.execute("LISTEN outbox");
        }
        second.wake();
        PGNotification[] heard = connection.unwrap(PGConnection.class).getNotifications(10_000);
        assertThat(heard).extracting(PGNotification::getName).containsExactly("outbox");
    }

    @Test
    void batches_keep_their_distance_so_that_events_gather() throws Exception {
        OutboxRelay relay = relay();
        event("0");
        Eventually.holds(() -> waiting() == 0);
        long start = System.nanoTime();
        for (int i = 1; i <= 200; i++) {
            event("" + i);
            relay.wake();
        }
        Eventually.holds(() -> waiting() == 0);
        long gaps = Duration.ofNanos(System.nanoTime() - start).toMillis() / 100;
        try (Statement query = connection.createStatement();
                ResultSet row =
                        query.executeQuery("SELECT count(DISTINCT published_at) FROM outbox")) {
            row.next();
            assertThat(row.getLong(1)).isLessThanOrEqualTo(gaps + 3);
        }
    }

    @Test
    void events_wait_for_a_broker_that_is_away() throws Exception {
        relay();
        event("1");
        Eventually.holds(() -> waiting() == 0);
        int port = URI.create(nats.url()).getPort();
        nats.close();
        event("2");
        Eventually.holds(
                () -> metrics.outboxBacklog.get() == 1 && metrics.outboxOldestAge.get() > 0);
        nats = Servers.nats(port, data);
        Eventually.holds(Duration.ofSeconds(20), () -> waiting() == 0);
        assertThat(published(2))
                .extracting(each -> new String(each.getData()))
                .containsExactly("1", "2");
    }
}
