/** The store on PostgreSQL. */
import type { Store, Work } from "../app/ports.ts";
import type { Attempt, Channel, Claim, Delivery } from "../domain/notification.ts";
import type { Preferences } from "../domain/preferences.ts";
import { type Clock, uuid7 } from "../platform/clock.ts";
import type { Database, Transaction } from "../platform/database.ts";
import { type CausedEvent, type OutboxEvent, withEvents } from "../platform/outbox.ts";
import {
  type ClaimRow,
  type DeliveryRow,
  deliveryOf,
  type PreferencesRow,
  preferencesOf,
  preferencesQuery,
} from "./postgres-rows.ts";
import { PostgresWork } from "./postgres-work.ts";

/** The event that tells of a delivery's end; `reason` is given when it failed. */
export type Announce = (delivery: Delivery, reason?: string) => OutboxEvent;

export class PostgresStore implements Store {
  readonly #database: Database;
  readonly #clock: Clock;
  readonly #announce: Announce;
  /** Who works in the same transaction shares its round trips. */
  readonly #works = new WeakMap<Transaction, Work>();

  constructor(database: Database, clock: Clock, announce: Announce) {
    this.#database = database;
    this.#clock = clock;
    this.#announce = announce;
  }

  /** The work that belongs to a transaction which someone else began. */
  within(tx: Transaction): Work {
    const known = this.#works.get(tx);
    if (known) return known;
    const work = new PostgresWork(tx, this.#clock);
    this.#works.set(tx, work);
    return work;
  }

  transaction<T>(work: (work: Work) => Promise<T>): Promise<T> {
    return this.#database.transaction((tx) => work(this.within(tx)));
  }

  async preferences(userId: string): Promise<Preferences | undefined> {
    const [row] = await this.#database.query((sql) => preferencesQuery(sql, [userId]) as Promise<PreferencesRow[]>);
    return row && preferencesOf(row);
  }

  async deliveriesOf(userId: string, before: string | undefined, limit: number): Promise<Delivery[]> {
    const rows = await this.#database.query(
      (sql) => sql<DeliveryRow[]>`
        SELECT id, event_id, user_id, channel, template, order_id, title, state, attempt_count, create_time, send_time
        FROM deliveries WHERE user_id = ${userId} ${before ? sql`AND id < ${before}` : sql``}
        ORDER BY id DESC LIMIT ${limit}`,
    );
    return rows.map(deliveryOf);
  }

  async claim(channel: Channel, limit: number, leaseMs: number, repeats: boolean): Promise<Claim[]> {
    const now = this.#clock.now();
    const leaseEnd = new Date(now.getTime() + leaseMs);
    const leaseId = uuid7(this.#clock);
    // A SENDING row becomes due when its lease ends: its sender died.
    const rows = await this.#database.query(
      (sql) => sql<ClaimRow[]>`
        WITH due AS (
          SELECT id, state FROM deliveries
          WHERE channel = ${channel} AND state IN ('PENDING', 'SENDING') AND due_time <= ${now}
            AND (${repeats} OR attempt_count = 0)
          ORDER BY due_time LIMIT ${limit} FOR UPDATE SKIP LOCKED
        )
        UPDATE deliveries AS d
        SET state = 'SENDING', attempt_count = attempt_count + 1, due_time = ${leaseEnd}, lease_id = ${leaseId}
        FROM due WHERE d.id = due.id
        RETURNING d.*, due.state AS state_before`,
    );
    return rows.map((row) => ({
      delivery: deliveryOf(row),
      recipient: row.recipient,
      title: row.title,
      text: row.text_body,
      html: row.html_body,
      leaseId,
      leaseEnd,
      resumed: row.state_before === "SENDING",
      traceparent: row.traceparent,
    }));
  }

  async record(attempts: readonly Attempt[]): Promise<ReadonlySet<string>> {
    const now = this.#clock.now();
    const changes = attempts.map(({ claim: { delivery, leaseId }, result }) => ({
      id: delivery.id,
      lease_id: leaseId,
      state: result.state,
      reason: result.state === "SENT" ? "" : result.reason,
      send_time: result.state === "SENT" ? now : null,
      due_time: result.state === "PENDING" ? new Date(now.getTime() + result.delayMs) : null,
      given_back: result.state === "PENDING" && !result.tried ? 1 : 0,
    }));
    const events = attempts.flatMap((attempt) => this.#eventOf(attempt, now));
    const rows = await this.#database.query((sql) => {
      const update = sql<{ id: string }[]>`
        UPDATE deliveries AS d
        SET state = new.state, send_time = new.send_time, lease_id = NULL, failure_reason = new.reason,
            due_time = coalesce(new.due_time, d.due_time), attempt_count = d.attempt_count - new.given_back,
            recipient = CASE new.state WHEN 'SENT' THEN '' ELSE d.recipient END,
            text_body = CASE new.state WHEN 'SENT' THEN '' ELSE d.text_body END,
            html_body = CASE new.state WHEN 'SENT' THEN '' ELSE d.html_body END
        FROM jsonb_to_recordset(${sql.json(changes)}) AS new (
          id uuid, lease_id uuid, state text, reason text, send_time timestamptz, due_time timestamptz, given_back int
        )
        WHERE d.id = new.id AND d.lease_id = new.lease_id
        RETURNING d.id`;
      return withEvents(sql, update, events, this.#clock);
    });
    return new Set(rows.map(({ id }) => id));
  }

  #eventOf({ claim: { delivery }, result, traceparent }: Attempt, now: Date): CausedEvent[] {
    if (result.state === "SENT")
      return [{ event: this.#announce({ ...delivery, state: "SENT", sendTime: now }), traceparent }];
    if (result.state === "FAILED")
      return [{ event: this.#announce({ ...delivery, state: "FAILED" }, result.reason), traceparent }];
    return [];
  }

  async pendingCount(): Promise<number> {
    const [row] = await this.#database.query(
      (sql) => sql<{ pending: number }[]>`
        SELECT count(*)::int AS pending FROM deliveries WHERE state IN ('PENDING', 'SENDING')`,
    );
    return row?.pending ?? 0;
  }
}
