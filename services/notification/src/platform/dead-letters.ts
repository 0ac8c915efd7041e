/** Where events go that could not be handled: the stream `DLQ`, with the reason and the whole event. */
import type { JsMsg } from "@nats-io/jetstream";
import { headers as natsHeaders } from "@nats-io/transport-node";
import type { Broker } from "./broker.ts";

/** Stores `message` on `dlq.<consumer>.<subject>`; rejects when the broker does not acknowledge it. */
export async function storeDeadLetter(broker: Broker, consumer: string, message: JsMsg, reason: string): Promise<void> {
  const headers = natsHeaders();
  for (const [key, values] of message.headers ?? []) {
    // The broker's own instructions were for the first stream.
    if (!key.toLowerCase().startsWith("nats-")) for (const value of values) headers.append(key, value);
  }
  headers.set("banyan-dlq-reason", reason);
  headers.set("banyan-dlq-consumer", consumer);
  // Two consumers may give up the same event; each letter counts.
  headers.set("Nats-Msg-Id", `${consumer}.${message.headers?.get("ce-id") || message.seq}`);
  await broker.ensureStream("DLQ", ["dlq.>"]);
  await broker.jetstream().publish(`dlq.${consumer}.${message.subject}`, message.data, { headers });
}
