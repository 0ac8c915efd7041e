/** A durable pull consumer: effect and inbox row commit together, ack after commit, bounded redelivery, then the dead letters. */
import { type DescMessage, fromBinary, type MessageShape } from "@bufbuild/protobuf";
import { AckPolicy, type Consumer, DeliverPolicy, type JsMsg } from "@nats-io/jetstream";
import { headers as natsHeaders } from "@nats-io/transport-node";
import { type Broker, isStreamNotFound } from "./broker.ts";
import type { Database, Transaction } from "./database.ts";
import { ServiceError } from "./errors.ts";
import type { Logger } from "./logger.ts";
import type { Metrics } from "./telemetry.ts";
import type { Tracer } from "./tracing.ts";
import { backoffMs, pause } from "./wait.ts";

export const MAX_DELIVERIES = 6;
const ACK_WAIT_NANOS = 30_000_000_000;
const MAX_ACK_PENDING = 256;
const FETCH_EXPIRES_MS = 10_000;
const FETCH_MESSAGES = 32;
const WAIT_MAX_MS = 5000;
/** Asking whether there is a connection costs nothing. */
const NO_BROKER_WAIT_MS = 200;
const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;

export interface Event<M> {
  readonly id: string;
  readonly subject: string;
  readonly entityId: string;
  readonly message: M;
}

/** What one subject's events are and do. The effect goes into `tx` only, so that it can be rolled back and repeated. */
export interface Subscription {
  readonly subject: string;
  readonly apply: (id: string, entityId: string, data: Uint8Array, tx: Transaction) => Promise<void>;
}

export function subscription<D extends DescMessage>(
  subject: string,
  schema: D,
  handle: (event: Event<MessageShape<D>>, tx: Transaction) => Promise<void>,
): Subscription {
  const apply = async (id: string, entityId: string, data: Uint8Array, tx: Transaction): Promise<void> => {
    await handle({ id, subject, entityId, message: decode(schema, data) }, tx);
  };
  return { subject, apply };
}

/** The event is of no use, and a repetition will not change that. */
export class MalformedError extends Error {
  override readonly name = "MalformedError";
  readonly reason = "MALFORMED";
}

function decode<D extends DescMessage>(schema: D, data: Uint8Array): MessageShape<D> {
  try {
    return fromBinary(schema, data);
  } catch {
    throw new MalformedError("not a message of the expected type");
  }
}

export interface InboxOptions {
  /** Durable name: `<service>-<stream in lower case>`. */
  readonly name: string;
  readonly stream: string;
  readonly subscriptions: readonly Subscription[];
  readonly database: Database;
  readonly broker: Broker;
  readonly metrics: Metrics;
  readonly logger: Logger;
  readonly tracer: Tracer;
  /** Rest before redelivery number n (from 1), in milliseconds; 1, 2, 4, 8, 16 s when not given. */
  readonly retryDelayMs?: (deliveries: number) => number;
  readonly onProcessed: () => void;
  readonly onDeath: (what: string) => void;
}

export class InboxConsumer {
  readonly #options: InboxOptions;
  readonly #bySubject: ReadonlyMap<string, Subscription>;
  readonly #stop = new AbortController();
  #task: Promise<void> = Promise.resolve();
  /** What was last logged as the reason for no events. */
  #interruption = "";

  constructor(options: InboxOptions) {
    this.#options = options;
    this.#bySubject = new Map(options.subscriptions.map((one) => [one.subject, one]));
  }

  start(): void {
    const { logger, name, onDeath } = this.#options;
    this.#task = this.#run().catch((error: unknown) => {
      logger.error({ error, consumer: name }, "consumer died");
      onDeath(name);
    });
  }

  /** Ends after the event in hand. What was fetched and not begun goes back at once. */
  async stop(): Promise<void> {
    this.#stop.abort();
    await this.#task;
  }

  async #run(): Promise<void> {
    const { signal } = this.#stop;
    for (let failures = 0; !signal.aborted; ) {
      try {
        const consumer = await this.#consumer();
        failures = 0;
        this.#interruption = "";
        // An outage of the database is not the events' fault: none is fetched, so that none uses up its deliveries.
        while (!signal.aborted) {
          await this.#options.database.ping();
          await this.#fetch(consumer);
        }
      } catch (error) {
        failures += 1;
        this.#logInterruption(error, failures);
        await pause(noBroker(error) ? NO_BROKER_WAIT_MS : backoffMs(failures, 500, WAIT_MAX_MS), signal);
      }
    }
  }

  /** Logs what keeps the consumer from its events when that changes, and now and then while it lasts. */
  #logInterruption(error: unknown, failures: number): void {
    const { name, stream, logger } = this.#options;
    if (noBroker(error)) return; // The broker's own lines tell of it.
    const what = isStreamNotFound(error) ? "waiting for the stream" : "consumer interrupted, trying on";
    if (what === this.#interruption && failures % 12 !== 0) return;
    this.#interruption = what;
    const fields = { consumer: name, stream };
    if (isStreamNotFound(error)) logger.info(fields, what);
    else logger.warn({ ...fields, error }, what);
  }

  async #consumer(): Promise<Consumer> {
    const { broker, stream, name } = this.#options;
    const manager = await broker.manager();
    await manager.consumers.add(stream, {
      durable_name: name,
      ack_policy: AckPolicy.Explicit,
      deliver_policy: DeliverPolicy.All,
      ack_wait: ACK_WAIT_NANOS,
      max_ack_pending: MAX_ACK_PENDING,
      filter_subjects: [...this.#bySubject.keys()],
    });
    return await broker.jetstream().consumers.get(stream, name);
  }

  /** One pull: waits for events up to its expiry and handles them one after the other, in order. */
  async #fetch(consumer: Consumer): Promise<void> {
    const messages = await consumer.fetch({ max_messages: FETCH_MESSAGES, expires: FETCH_EXPIRES_MS });
    const end = (): void => void messages.close();
    this.#stop.signal.addEventListener("abort", end, { once: true });
    try {
      for await (const message of messages) {
        if (this.#stop.signal.aborted) message.nak();
        else if (!(await this.#deliver(message))) await this.#options.database.ping();
      }
    } finally {
      this.#stop.signal.removeEventListener("abort", end);
      await messages.close();
    }
  }

  /** False when the event could not be applied now. */
  async #deliver(message: JsMsg): Promise<boolean> {
    const traceparent = message.headers?.get("traceparent");
    return await this.#options.tracer.span(`consume ${message.subject}`, "consumer", traceparent, async () => {
      try {
        const first = await this.#apply(message);
        message.ack();
        this.#count(message, first ? "processed" : "duplicate");
        if (first) this.#options.onProcessed();
        return true;
      } catch (error) {
        await this.#refuse(message, error);
        return false;
      }
    });
  }

  /** False when the event was applied before. */
  async #apply(message: JsMsg): Promise<boolean> {
    const subscribed = this.#bySubject.get(message.subject);
    const id = message.headers?.get("ce-id") ?? "";
    if (!subscribed || !UUID.test(id)) throw new MalformedError("no event id");
    const entityId = message.headers?.get("ce-subject") ?? "";
    return await this.#options.database.transaction(async (tx) => {
      const claimed = await tx`
        INSERT INTO inbox (consumer, event_id) VALUES (${this.#options.name}, ${id}) ON CONFLICT DO NOTHING`;
      if (claimed.count === 0) return false;
      await subscribed.apply(id, entityId, message.data, tx);
      return true;
    });
  }

  async #refuse(message: JsMsg, error: unknown): Promise<void> {
    const { logger, name, retryDelayMs } = this.#options;
    const { deliveryCount } = message.info;
    const reason = reasonOf(error);
    const fields = { consumer: name, subject: message.subject, event_id: message.headers?.get("ce-id"), reason };
    if (error instanceof MalformedError || deliveryCount >= MAX_DELIVERIES) {
      logger.error({ ...fields, error, deliveries: deliveryCount }, "event dead-lettered");
      return await this.#deadLetter(message, reason);
    }
    const delayMs = (retryDelayMs ?? ((n) => 1000 * 2 ** (n - 1)))(deliveryCount);
    logger.warn({ ...fields, error, deliveries: deliveryCount, retry_in_ms: delayMs }, "event failed, will come again");
    message.nak(delayMs);
    this.#count(message, "retried");
  }

  async #deadLetter(message: JsMsg, reason: string): Promise<void> {
    const { broker, name, logger } = this.#options;
    const headers = natsHeaders();
    for (const [key, values] of message.headers ?? []) {
      // The broker's own instructions were for the first stream.
      if (!key.toLowerCase().startsWith("nats-")) for (const value of values) headers.append(key, value);
    }
    headers.set("banyan-dlq-reason", reason);
    headers.set("banyan-dlq-consumer", name);
    // Two consumers may give up the same event; each letter counts.
    headers.set("Nats-Msg-Id", `${name}.${message.headers?.get("ce-id") || message.seq}`);
    try {
      await broker.ensureStream("DLQ", ["dlq.>"]);
      await broker.jetstream().publish(`dlq.${name}.${message.subject}`, message.data, { headers });
      message.ack();
      this.#count(message, "dead_lettered");
    } catch (error) {
      logger.error({ error, consumer: name }, "dead letter not stored, event stays in the stream");
      message.nak(WAIT_MAX_MS);
    }
  }

  #count(message: JsMsg, outcome: string): void {
    this.#options.metrics.inboxEvents.inc({ consumer: this.#options.name, subject: message.subject, outcome });
  }
}

function noBroker(error: unknown): boolean {
  return error instanceof ServiceError && error.reason === "BROKER_UNREACHABLE";
}

function reasonOf(error: unknown): string {
  const reason = error instanceof Error && "reason" in error ? error.reason : undefined;
  return typeof reason === "string" ? reason : "HANDLER_FAILED";
}
