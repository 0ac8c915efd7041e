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

    OutboxWriter(Supplier<String> newId, Supplier<String> traceparent) {
        this.newId = newId;
        this.traceparent = traceparent;
    }

    void write(Handle handle, PaymentEvent event, Instant now) {
        Message message = ProtoMapper.event(event);
        handle.createUpdate(INSERT)
                .bind("id", UUID.fromString(newId.get()))
                .bind("subject", ProtoMapper.subject(event))
                .bind("type", message.getDescriptorForType().getFullName())
                .bind("entity", event.payment().id())
                .bind("data", message.toByteArray())
                .bind("headers", headers())
                .bind("now", now)
                .execute();
        // Delivered at commit; wakes the relay, which otherwise looks once a second.
        handle.createQuery("SELECT 1 FROM pg_notify('outbox', '')").mapTo(Integer.class).one();
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
