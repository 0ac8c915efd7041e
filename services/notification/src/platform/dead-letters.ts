/** Where events go that could not be handled: the stream `DLQ`, with the reason and the whole event. */
import type { JsMsg } from "@nats-io/jetstream";
import { headers as natsHeaders } from "@nats-io/transport-node";
import type { Broker } from "./broker.ts";
import { currentTrace, formatTraceparent } from "./trace-context.ts";

/**
 * Stores `message` on `dlq.<consumer>.<subject>` with its headers, the reason, and the trace of its handling when it came
 * without one; rejects when the broker does not acknowledge it.
 */
export async function storeDeadLetter(broker: Broker, consumer: string, message: JsMsg, reason: string): Promise<void> {
  const headers = natsHeaders();
  for (const [key, values] of message.headers ?? []) {
    // The broker's own instructions were for the first stream.
    if (!key.toLowerCase().startsWith("nats-")) for (const value of values) headers.append(key, value);
  }
  const trace = currentTrace();
  if (trace && !headers.has("traceparent")) headers.set("traceparent", formatTraceparent(trace));
  headers.set("banyan-dlq-reason", reason);
  headers.set("banyan-dlq-consumer", consumer);
  // Two consumers may give up the same event, and one that is sent again may fail again; each letter counts.
  headers.set("Nats-Msg-Id", `${consumer}.${message.headers?.get("ce-id") ?? ""}.${message.seq}`);
  await broker.ensureStream("DLQ", ["dlq.>"]);
  await broker.jetstream().publish(`dlq.${consumer}.${message.subject}`, message.data, { headers });
}
