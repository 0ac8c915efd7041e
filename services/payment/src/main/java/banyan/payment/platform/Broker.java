package banyan.payment.platform;

import io.nats.client.Connection;
import io.nats.client.JetStream;
import io.nats.client.JetStreamApiException;
import io.nats.client.JetStreamManagement;
import io.nats.client.Nats;
import io.nats.client.Options;
import io.nats.client.api.StorageType;
import io.nats.client.api.StreamConfiguration;
import io.nats.client.impl.Headers;
import io.nats.client.impl.NatsMessage;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/** The producer's side of NATS JetStream: its stream, and acknowledged publishing. */
final class Broker {
    private static final int NOT_FOUND = 404;
    private static final Duration ACK_LIMIT = Duration.ofSeconds(5);

    private final String service;
    private final String url;
    private Connection connection;
    private JetStream stream;
    private boolean streamExists;

    Broker(String service, String url) {
        this.service = service;
        this.url = url;
    }

    /**
     * Connects and makes the stream where that has not happened yet; it throws while the broker is
     * away.
     */
    void ensure() throws IOException, InterruptedException, JetStreamApiException {
        if (connection == null) {
            connection =
                    Nats.connect(
                            new Options.Builder()
                                    .server(url)
                                    .connectionName(service)
                                    .connectionTimeout(Duration.ofSeconds(2))
                                    .maxReconnects(-1)
                                    .reconnectWait(Duration.ofMillis(500))
                                    .reconnectBufferSize(
                                            0) // what can't be sent now stays in the outbox
                                    .errorListener(new io.nats.client.ErrorListener() {})
                                    .build());
            stream = connection.jetStream();
        }
        if (connection.getStatus() != Connection.Status.CONNECTED) {
            streamExists = false;
            throw new IOException("NATS is " + connection.getStatus());
        }
        if (!streamExists) {
            ensureStream(connection.jetStreamManagement());
            streamExists = true;
        }
    }

    private void ensureStream(JetStreamManagement streams)
            throws IOException, JetStreamApiException {
        String name = service.toUpperCase(java.util.Locale.ROOT);
        try {
            streams.getStreamInfo(name);
        } catch (JetStreamApiException e) {
            if (e.getErrorCode() != NOT_FOUND) {
                throw e;
            }
            streams.addStream(
                    StreamConfiguration.builder()
                            .name(name)
                            .subjects(service + ".>")
                            .storageType(StorageType.File)
                            .maxAge(Duration.ofDays(30))
                            .duplicateWindow(Duration.ofSeconds(120))
                            .replicas(1)
                            .build());
        }
    }

    /**
     * Sends all rows at once and gives the positions of the head that the broker acknowledged
     * within 5 s.
     *
     * <p>Each message names its predecessor as the stream's expected last one, so that the broker
     * refuses all that follow a lost message: a batch is stored in order, or not at all from the
     * gap on.
     */
    List<Long> publish(List<OutboxTable.Row> rows) throws IOException, InterruptedException {
        List<CompletableFuture<?>> acks = new ArrayList<>(rows.size());
        String previous = "";
        for (OutboxTable.Row row : rows) {
            acks.add(stream.publishAsync(message(row, previous)));
            previous = row.id();
        }
        long limit = System.nanoTime() + ACK_LIMIT.toNanos();
        List<Long> done = new ArrayList<>(rows.size());
        try {
            for (OutboxTable.Row row : rows) {
                long left = Math.max(0, limit - System.nanoTime());
                acks.get(done.size()).get(left, TimeUnit.NANOSECONDS);
                done.add(row.position());
            }
        } catch (ExecutionException | TimeoutException e) {
            streamExists = false; // it may have gone; looked at before the next try
        }
        return done;
    }

    private NatsMessage message(OutboxTable.Row row, String previous) {
        Headers headers =
                new Headers()
                        .put("Nats-Msg-Id", row.id())
                        .put("ce-id", row.id())
                        .put("ce-specversion", "1.0")
                        .put("ce-type", row.type())
                        .put("ce-source", "banyan/" + service)
                        .put("ce-time", row.time().toString())
                        .put("ce-subject", row.entity())
                        .put("content-type", "application/protobuf");
        if (!previous.isEmpty()) {
            headers.put("Nats-Expected-Last-Msg-Id", previous);
        }
        row.headers()
                .entrySet()
                .forEach(each -> headers.put(each.getKey(), each.getValue().getAsString()));
        return NatsMessage.builder()
                .subject(row.subject())
                .headers(headers)
                .data(row.data())
                .build();
    }

    void close() throws InterruptedException {
        if (connection != null) {
            connection.close();
        }
    }
}
