/** A durable pull consumer: effect and inbox row commit together, ack after commit, bounded redelivery, then the dead letters. */
import { AckPolicy, type Consumer, DeliverPolicy, type JsMsg } from "@nats-io/jetstream";
import { type Broker, isStreamNotFound } from "./broker.ts";
import type { Database, Transaction } from "./database.ts";
import { storeDeadLetter } from "./dead-letters.ts";
import { ServiceError } from "./errors.ts";
import type { Logger } from "./logger.ts";
import { type AfterCommit, MalformedError, type Subscription } from "./subscription.ts";
import type { Metrics } from "./telemetry.ts";
import type { Tracer } from "./tracing.ts";
import { backoffMs, pause } from "./wait.ts";

export const MAX_DELIVERIES = 6;
const ACK_WAIT_NANOS = 30_000_000_000;
const MAX_ACK_PENDING = 256;
const FETCH_EXPIRES_MS = 10_000;
const FETCH_MESSAGES = 64;
/** The most events in one transaction. */
const BATCH = 32;
/** An event after a pause is applied at once; those that follow it within this time are applied together. */
const GAP_MS = 200;
const WAIT_MAX_MS = 5000;
/** Asking whether there is a connection costs nothing. */
const NO_BROKER_WAIT_MS = 200;
const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;

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

  /** One pull: waits for events up to its expiry, and handles those that are there together. */
  async #fetch(consumer: Consumer): Promise<void> {
    const messages = await consumer.fetch({ max_messages: FETCH_MESSAGES, expires: FETCH_EXPIRES_MS });
    const end = (): void => void messages.close();
    this.#stop.signal.addEventListener("abort", end, { once: true });
    // A stop may have come before there was anything to end: nobody would tell this fetch, and it waits ten seconds.
    if (this.#stop.signal.aborted) end();
    let batch: JsMsg[] = [];
    try {
      for await (const message of messages) {
        batch.push(message);
        if (messages.getPending() > 0 && batch.length < BATCH) continue;
        const whole = batch;
        batch = [];
        await this.#handle(whole);
        if (whole.length < BATCH) await pause(GAP_MS, this.#stop.signal);
      }
    } finally {
      this.#stop.signal.removeEventListener("abort", end);
      for (const message of batch) message.nak();
      await messages.close();
    }
  }

  async #handle(batch: readonly JsMsg[]): Promise<void> {
    if (this.#stop.signal.aborted) return batch.forEach((message) => void message.nak());
    if (batch.length > 1 && (await this.#together(batch))) return;
    for (const message of batch) {
      if (!(await this.#alone(message))) await this.#options.database.ping();
    }
  }

  /**
   * All events in one transaction, which share its statements. False when one of them failed: nothing is done then, and each
   * is handled alone.
   */
  async #together(batch: readonly JsMsg[]): Promise<boolean> {
    try {
      const after = await this.#options.database.transaction((tx) =>
        this.#apply(batch, tx, (message) => this.#traced(message, () => this.#effect(message, tx))),
      );
      for (const [index, message] of batch.entries()) this.#done(message, after[index]);
      return true;
    } catch (error) {
      this.#options.logger.debug({ error, consumer: this.#options.name, events: batch.length }, "batch split");
      return false;
    }
  }

  /** False when the event could not be applied now. */
  async #alone(message: JsMsg): Promise<boolean> {
    return await this.#traced(message, async () => {
      try {
        const [after] = await this.#options.database.transaction((tx) =>
          this.#apply([message], tx, () => this.#effect(message, tx)),
        );
        this.#done(message, after);
        return true;
      } catch (error) {
        await this.#refuse(message, error);
        return false;
      }
    });
  }

  #traced<T>(message: JsMsg, work: () => Promise<T>): Promise<T> {
    const traceparent = message.headers?.get("traceparent");
    return this.#options.tracer.span(`consume ${message.subject}`, "consumer", traceparent, work);
  }

  /** After the commit. */
  #done(message: JsMsg, after: AfterCommit | undefined): void {
    message.ack();
    this.#count(message, after ? "processed" : "duplicate");
    after?.();
  }

  /** For each event what is to happen after the commit, undefined for one that was applied before. */
  async #apply(
    batch: readonly JsMsg[],
    tx: Transaction,
    effect: (message: JsMsg) => Promise<AfterCommit>,
  ): Promise<(AfterCommit | undefined)[]> {
    const fresh = await this.#claim(batch, tx);
    const applied = await Promise.allSettled(
      batch.map((message) => (fresh.has(message) ? effect(message) : undefined)),
    );
    return applied.map((one) => {
      if (one.status === "rejected") throw one.reason;
      return one.value;
    });
  }

  /** Writes the inbox rows; returns the messages whose events were not applied before, one for each event. */
  async #claim(batch: readonly JsMsg[], tx: Transaction): Promise<ReadonlySet<JsMsg>> {
    const byId = new Map<string, JsMsg>();
    for (const message of batch) {
      const id = eventId(message);
      if (!byId.has(id)) byId.set(id, message);
    }
    // In one order everywhere, so that two replicas with the same events do not wait for each other.
    const ids = [...byId.keys()].sort();
    const rows = await tx<{ event_id: string }[]>`
      INSERT INTO inbox (consumer, event_id) SELECT ${this.#options.name}, id FROM unnest(${ids}::uuid[]) AS id
      ON CONFLICT DO NOTHING RETURNING event_id`;
    return new Set(rows.flatMap((row) => byId.get(row.event_id) ?? []));
  }

  async #effect(message: JsMsg, tx: Transaction): Promise<AfterCommit> {
    const subscribed = this.#bySubject.get(message.subject);
    if (!subscribed) throw new MalformedError("no such subject");
    const entityId = message.headers?.get("ce-subject") ?? "";
    return await subscribed.apply(eventId(message), entityId, message.data, tx);
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
    try {
      await storeDeadLetter(broker, name, message, reason);
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

function eventId(message: JsMsg): string {
  const id = message.headers?.get("ce-id") ?? "";
  if (!UUID.test(id)) throw new MalformedError("no event id");
  return id;
}

function noBroker(error: unknown): boolean {
  return error instanceof ServiceError && error.reason === "BROKER_UNREACHABLE";
}

function reasonOf(error: unknown): string {
  const reason = error instanceof Error && "reason" in error ? error.reason : undefined;
  return typeof reason === "string" ? reason : "HANDLER_FAILED";
}
