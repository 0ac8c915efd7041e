/** Events leave through a table: written in the transaction of their cause, published in order, marked after the broker's ack. */
import { type DescMessage, type MessageShape, toBinary } from "@bufbuild/protobuf";
import { type MsgHdrs, headers as natsHeaders } from "@nats-io/transport-node";
import type { ISql, PendingQuery } from "postgres";
import type { Broker } from "./broker.ts";
import { type Clock, uuid7 } from "./clock.ts";
import type { Database, Transaction } from "./database.ts";
import type { Logger } from "./logger.ts";
import { Loop } from "./loop.ts";
import type { Metrics } from "./telemetry.ts";

const BATCH = 200;
const POLL_MS = 1000;
/** An event after a pause goes out at once; those that follow it within this time go together. */
const GAP_MS = 200;
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

/** An event whose cause is a change of the row with the id `event.entityId`. */
export interface CausedEvent {
  readonly event: OutboxEvent;
  /** Empty when it belongs to no trace. */
  readonly traceparent: string;
}

/**
 * A statement that writes those `events` whose rows `cause`, itself a statement, changes. Both are one statement and so one
 * transaction. `cause` returns the `id` of each row; so does the whole. Wake the relay after it.
 */
export function withEvents(
  sql: ISql,
  cause: PendingQuery<{ id: string }[]>,
  events: readonly CausedEvent[],
  clock: Clock,
): PendingQuery<{ id: string }[]> {
  const created_at = clock.now();
  const rows = events.map(({ event: { subject, type, entityId, data }, traceparent }) => ({
    ...{ id: uuid7(clock), subject, type, entity_id: entityId, created_at },
    data: Buffer.from(data).toString("base64"),
    headers: traceparent ? { traceparent } : {},
  }));
  return sql<{ id: string }[]>`
    WITH cause AS (${cause}),
    added AS (
      INSERT INTO outbox (id, subject, type, entity_id, data, headers, created_at)
      SELECT e.id, subject, type, entity_id, decode(data, 'base64'), headers, created_at
      FROM jsonb_to_recordset(${sql.json(rows)}) AS e (
        id uuid, subject text, type text, entity_id text, data text, headers jsonb, created_at timestamptz
      ) JOIN cause ON cause.id::text = e.entity_id
    )
    SELECT id FROM cause`;
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
  /** When the backlog was last counted, by `performance.now()`. */
  #measuredAt = Number.NEGATIVE_INFINITY;

  constructor(options: RelayOptions) {
    this.#options = options;
    const { logger, onDeath } = options;
    this.#loop = new Loop({
      name: "outbox-relay",
      intervalMs: POLL_MS,
      gapMs: GAP_MS,
      logger,
      onDeath,
      step: () => this.step(),
    });
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

  /** Publishes one batch. True when the batch was full. Without a broker it only counts the backlog. */
  async step(): Promise<boolean> {
    const { broker, database } = this.#options;
    const backlog = performance.now() - this.#measuredAt >= POLL_MS ? await this.#measure() : undefined;
    if (!broker.connected || backlog === 0) return false;
    if (!this.#streamEnsured) await this.#ensureStream();
    const published = await database.transaction((tx) => this.#publish(tx));
    if (backlog !== undefined && published > 0) this.#tell(backlog - published, undefined);
    return published === BATCH;
  }

  /** Publishes what the lock's holder may, which is nothing for everyone else. */
  async #publish(tx: Transaction): Promise<number> {
    // A crash may lose the marks of the last moments. Those events are published again, and the broker drops them by
    // Nats-Msg-Id, or the inboxes do: so no mark waits for the disk.
    const rows = await tx<Row[]>`
      WITH lock AS MATERIALIZED (
        SELECT pg_try_advisory_xact_lock(${RELAY_LOCK}) AS held, set_config('synchronous_commit', 'off', true)
      )
      SELECT position, id, subject, type, entity_id, data, headers, created_at
      FROM outbox, lock WHERE held AND published_at IS NULL ORDER BY position LIMIT ${BATCH}`;
    if (rows.length === 0) return 0;
    const client = this.#options.broker.jetstream();
    // All are sent before the first ack is awaited; the broker keeps their order. One lost ack repeats the whole batch,
    // and the broker drops what it has by Nats-Msg-Id.
    await Promise.all(rows.map((row) => client.publish(row.subject, row.data, { headers: this.#headers(row) })));
    const positions = rows.map((row) => row.position);
    await tx`UPDATE outbox SET published_at = ${this.#options.clock.now()} WHERE position = ANY (${positions}::bigint[])`;
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
    const [row] = await this.#options.database.query(
      (sql) => sql<{ backlog: number; oldest: Date | null }[]>`
        SELECT count(*)::int AS backlog, min(created_at) AS oldest FROM outbox WHERE published_at IS NULL`,
    );
    this.#measuredAt = performance.now();
    this.#tell(row?.backlog ?? 0, row?.oldest ?? undefined);
    return row?.backlog ?? 0;
  }

  #tell(backlog: number, oldest: Date | undefined): void {
    const { metrics, clock } = this.#options;
    metrics.outboxBacklog.set(Math.max(0, backlog));
    metrics.outboxOldestAge.set(oldest ? Math.max(0, (clock.now().getTime() - oldest.getTime()) / 1000) : 0);
  }
}
