/** Events leave through a table: written in the transaction of their cause, published in order, marked after the broker's ack. */
import { type DescMessage, type MessageShape, toBinary } from "@bufbuild/protobuf";
import { type MsgHdrs, headers as natsHeaders } from "@nats-io/transport-node";
import type { Broker } from "./broker.ts";
import { type Clock, uuid7 } from "./clock.ts";
import type { Database, Transaction } from "./database.ts";
import type { Logger } from "./logger.ts";
import { Loop } from "./loop.ts";
import type { Metrics } from "./telemetry.ts";
import { currentTrace, formatTraceparent } from "./trace-context.ts";

const BATCH = 200;
const POLL_MS = 1000;
/** Key of the advisory lock that lets one replica at a time publish, so that order holds. */
const RELAY_LOCK = 0x6f757462;

export interface OutboxEvent {
  readonly subject: string;
  readonly type: string;
  readonly entityId: string;
  readonly data: Uint8Array;
}

export function outboxEvent<D extends DescMessage>(
  subject: string,
  schema: D,
  message: MessageShape<D>,
  entityId: string,
): OutboxEvent {
  return { subject, type: schema.typeName, entityId, data: toBinary(schema, message) };
}

/** Writes an event in `tx` and rings the relay at its commit. Returns the event's id. */
export async function addEvent(tx: Transaction, event: OutboxEvent, clock: Clock): Promise<string> {
  const id = uuid7(clock);
  const trace = currentTrace();
  const headers = trace ? { traceparent: formatTraceparent(trace) } : {};
  await tx`
    WITH added AS (
      INSERT INTO outbox (id, subject, type, entity_id, data, headers, created_at)
      VALUES (${id}, ${event.subject}, ${event.type}, ${event.entityId}, ${event.data}, ${tx.json(headers)}, ${clock.now()})
      RETURNING id
    ) SELECT pg_notify('outbox', '') FROM added`;
  return id;
}

interface Row {
  position: string;
  id: string;
  subject: string;
  type: string;
  entity_id: string;
  data: Uint8Array;
  headers: Record<string, string>;
  created_at: Date;
}

export interface RelayOptions {
  readonly service: string;
  readonly database: Database;
  readonly broker: Broker;
  readonly metrics: Metrics;
  readonly logger: Logger;
  readonly clock: Clock;
  readonly onDeath: (what: string) => void;
}

export class OutboxRelay {
  readonly #options: RelayOptions;
  readonly #loop: Loop;
  #streamEnsured = false;

  constructor(options: RelayOptions) {
    this.#options = options;
    const { logger, onDeath } = options;
    this.#loop = new Loop({ name: "outbox-relay", intervalMs: POLL_MS, logger, onDeath, step: () => this.step() });
  }

  start(): void {
    this.#loop.start();
  }

  wake(): void {
    this.#loop.wake();
  }

  stop(): Promise<void> {
    return this.#loop.stop();
  }

  /** Publishes one batch. True when the batch was full. Without a broker it only measures the backlog. */
  async step(): Promise<boolean> {
    const { broker, database } = this.#options;
    const backlog = await this.#measure();
    if (!broker.connected) return false;
    if (!this.#streamEnsured) await this.#ensureStream();
    if (backlog === 0) return false;
    const published = await database.transaction(async (tx) => {
      const [lock] = await tx<{ held: boolean }[]>`SELECT pg_try_advisory_xact_lock(${RELAY_LOCK}) AS held`;
      return lock?.held ? this.#publish(tx) : 0;
    });
    if (published > 0) await this.#measure();
    return published === BATCH;
  }

  async #publish(tx: Transaction): Promise<number> {
    const rows = await tx<Row[]>`
      SELECT position, id, subject, type, entity_id, data, headers, created_at
      FROM outbox WHERE published_at IS NULL ORDER BY position LIMIT ${BATCH}`;
    if (rows.length === 0) return 0;
    const client = this.#options.broker.jetstream();
    // All are sent before the first ack is awaited; the broker keeps their order. One lost ack repeats the whole batch,
    // and the broker drops what it has by Nats-Msg-Id.
    await Promise.all(rows.map((row) => client.publish(row.subject, row.data, { headers: this.#headers(row) })));
    await tx`UPDATE outbox SET published_at = ${this.#options.clock.now()} WHERE position IN ${tx(rows.map((row) => row.position))}`;
    this.#options.metrics.outboxPublished.inc(rows.length);
    return rows.length;
  }

  #headers(row: Row): MsgHdrs {
    const headers = natsHeaders();
    const fields = {
      "Nats-Msg-Id": row.id,
      "ce-id": row.id,
      "ce-specversion": "1.0",
      "ce-type": row.type,
      "ce-source": `banyan/${this.#options.service}`,
      "ce-time": row.created_at.toISOString(),
      "ce-subject": row.entity_id,
      "content-type": "application/protobuf",
      ...row.headers,
    };
    for (const [name, value] of Object.entries(fields)) headers.set(name, value);
    return headers;
  }

  async #ensureStream(): Promise<void> {
    const { service, broker } = this.#options;
    await broker.ensureStream(service.toUpperCase(), [`${service}.>`]);
    this.#streamEnsured = true;
  }

  /** How many events wait. */
  async #measure(): Promise<number> {
    const { database, metrics, clock } = this.#options;
    const [row] = await database.query(
      (sql) => sql<{ backlog: number; oldest: Date | null }[]>`
        SELECT count(*)::int AS backlog, min(created_at) AS oldest FROM outbox WHERE published_at IS NULL`,
    );
    metrics.outboxBacklog.set(row?.backlog ?? 0);
    metrics.outboxOldestAge.set(row?.oldest ? Math.max(0, (clock.now().getTime() - row.oldest.getTime()) / 1000) : 0);
    return row?.backlog ?? 0;
  }
}
