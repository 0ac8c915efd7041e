package banyan.payment.adapters;

import banyan.payment.contract.ProtoMapper;
import banyan.payment.domain.PaymentEvent;
import com.google.gson.JsonObject;
import com.google.protobuf.Message;
import java.time.Instant;
import java.util.UUID;
import java.util.function.Supplier;
import org.jdbi.v3.core.Handle;

/** Writes events beside the state they tell of; the relay publishes them after the commit. */
final class OutboxWriter {
    private static final String INSERT =
            """
            INSERT INTO outbox (id, subject, type, entity_id, data, headers, created_at)
            VALUES (:id, :subject, :type, :entity, :data, CAST(:headers AS jsonb), :now)""";

    private final Supplier<String> newId;
    private final Supplier<String> traceparent;
    private final Runnable told;

    /**
     * @param newId gives a UUIDv7 each time
     * @param traceparent gives the running work's trace context, empty when there is none
     * @param told wakes the relay; nothing is lost if it does not
     */
    OutboxWriter(Supplier<String> newId, Supplier<String> traceparent, Runnable told) {
        this.newId = newId;
        this.traceparent = traceparent;
        this.told = told;
    }

    /** An event as the outbox keeps it. */
    record Row(
            String id,
            String subject,
            String type,
            String entity,
            byte[] data,
            String headers,
            Instant now) {}

    Row row(PaymentEvent event, Instant now) {
        Message message = ProtoMapper.event(event);
        return new Row(
                newId.get(),
                ProtoMapper.subject(event),
                message.getDescriptorForType().getFullName(),
                event.payment().id(),
                message.toByteArray(),
                headers(),
                now);
    }

    void write(Handle handle, PaymentEvent event, Instant now) {
        Row row = row(event, now);
        handle.createUpdate(INSERT)
                .bind("id", UUID.fromString(row.id()))
                .bind("subject", row.subject())
                .bind("type", row.type())
                .bind("entity", row.entity())
                .bind("data", row.data())
                .bind("headers", row.headers())
                .bind("now", row.now())
                .execute();
    }

    /** To be called once an event is committed. */
    void committed() {
        told.run();
    }

    private String headers() {
        JsonObject headers = new JsonObject();
        String trace = traceparent.get();
        if (!trace.isEmpty()) {
            headers.addProperty("traceparent", trace);
        }
        return headers.toString();
    }
}
