/** The store on PostgreSQL. */
import type { Store, Work } from "../app/ports.ts";
import type { Channel, Claim, Delivery } from "../domain/notification.ts";
import type { Preferences } from "../domain/preferences.ts";
import { type Clock, uuid7 } from "../platform/clock.ts";
import type { Database, Transaction } from "../platform/database.ts";
import { type OutboxEvent, withEvent } from "../platform/outbox.ts";
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

  constructor(database: Database, clock: Clock, announce: Announce) {
    this.#database = database;
    this.#clock = clock;
    this.#announce = announce;
  }

  /** The work that belongs to a transaction which someone else began. */
  within(tx: Transaction): Work {
    return new PostgresWork(tx, this.#clock);
  }

  transaction<T>(work: (work: Work) => Promise<T>): Promise<T> {
    return this.#database.transaction((tx) => work(this.within(tx)));
  }

  async preferences(userId: string): Promise<Preferences | undefined> {
    const [row] = await this.#database.query((sql) => preferencesQuery(sql, userId) as Promise<PreferencesRow[]>);
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

  async claim(channel: Channel, limit: number, leaseMs: number): Promise<Claim[]> {
    const now = this.#clock.now();
    const leaseEnd = new Date(now.getTime() + leaseMs);
    const leaseId = uuid7(this.#clock);
    // A SENDING row becomes due when its lease ends: its sender died.
    const rows = await this.#database.query(
      (sql) => sql<ClaimRow[]>`
        WITH due AS (
          SELECT id, state FROM deliveries
          WHERE channel = ${channel} AND state IN ('PENDING', 'SENDING') AND due_time <= ${now}
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

  async markSent(claim: Claim): Promise<boolean> {
    const sendTime = this.#clock.now();
    const event = this.#announce({ ...claim.delivery, state: "SENT", sendTime });
    const result = await this.#database.query((sql) => {
      const update = sql<never[]>`
        UPDATE deliveries
        SET state = 'SENT', send_time = ${sendTime}, lease_id = NULL, failure_reason = '',
            recipient = '', text_body = '', html_body = ''
        WHERE id = ${claim.delivery.id} AND lease_id = ${claim.leaseId}`;
      return withEvent(sql, update, event, this.#clock);
    });
    return result.count === 1;
  }

  async markFailed(claim: Claim, reason: string): Promise<boolean> {
    const event = this.#announce({ ...claim.delivery, state: "FAILED" }, reason);
    const result = await this.#database.query((sql) => {
      const update = sql<never[]>`
        UPDATE deliveries SET state = 'FAILED', lease_id = NULL, failure_reason = ${reason}
        WHERE id = ${claim.delivery.id} AND lease_id = ${claim.leaseId}`;
      return withEvent(sql, update, event, this.#clock);
    });
    return result.count === 1;
  }

  async retryLater(claim: Claim, delayMs: number, reason: string, tried: boolean): Promise<boolean> {
    const due = new Date(this.#clock.now().getTime() + delayMs);
    const result = await this.#database.query(
      (sql) => sql`
        UPDATE deliveries
        SET state = 'PENDING', due_time = ${due}, lease_id = NULL, failure_reason = ${reason},
            attempt_count = attempt_count - ${tried ? 0 : 1}
        WHERE id = ${claim.delivery.id} AND lease_id = ${claim.leaseId}`,
    );
    return result.count === 1;
  }

  async pendingCount(): Promise<number> {
    const [row] = await this.#database.query(
      (sql) => sql<{ pending: number }[]>`
        SELECT count(*)::int AS pending FROM deliveries WHERE state IN ('PENDING', 'SENDING')`,
    );
    return row?.pending ?? 0;
  }
}
