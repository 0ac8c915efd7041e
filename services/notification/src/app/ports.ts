/** What the use cases need from outside. Every adapter of a port passes the same contract suite. */
import type { Attempt, Channel, Claim, Contact, Content, Delivery, NewDelivery } from "../domain/notification.ts";
import type { Occasion } from "../domain/occasion.ts";
import type { Preferences } from "../domain/preferences.ts";
import type { IdempotencyKey, Outcome } from "../platform/idempotency.ts";

/** What commits or rolls back together. */
export interface Work {
  contact(userId: string): Promise<Contact | undefined>;
  /** Keeps the newer of the stored copy and this one. */
  saveContact(contact: Contact): Promise<void>;
  preferences(userId: string): Promise<Preferences | undefined>;
  savePreferences(preferences: Preferences): Promise<void>;
  /** Adds those whose (event, channel) is new; returns their ids. */
  addDeliveries(deliveries: readonly NewDelivery[]): Promise<string[]>;
  /** Runs `effect` once per key. Rejects with FAILED_PRECONDITION for another request, ABORTED while the first one runs. */
  idempotent(key: IdempotencyKey, effect: () => Promise<Uint8Array>): Promise<Outcome>;
}

export interface Store {
  transaction<T>(work: (work: Work) => Promise<T>): Promise<T>;
  preferences(userId: string): Promise<Preferences | undefined>;
  /** One person's deliveries, newest first, older than `before` when given. */
  deliveriesOf(userId: string, before: string | undefined, limit: number): Promise<Delivery[]>;

  /**
   * Takes up to `limit` due deliveries of a channel for `leaseMs`, oldest first; each goes to one caller only. With `repeats`
   * false it leaves those that were tried before.
   */
  claim(channel: Channel, limit: number, leaseMs: number, repeats: boolean): Promise<Claim[]>;
  /**
   * Writes what came of tries, all or none: SENT with its content emptied, FAILED, or PENDING again; the first two with their
   * event in the outbox. Returns the ids of those whose claim was still held; nothing changed for the others. One delivery
   * may come up once.
   */
  record(attempts: readonly Attempt[]): Promise<ReadonlySet<string>>;
  /** Deliveries that are neither sent nor given up. */
  pendingCount(): Promise<number>;
}

export interface Sender {
  /** False while the provider is known to be down: nothing is to be claimed for it. */
  readonly available: boolean;
  /** False while the retry budget is spent: nothing is to be claimed that was tried before. */
  readonly mayRepeat: boolean;
  /**
   * Resolves when the provider has it. Rejects with SendError or ProviderDownError. `id` is the idempotency key, `attempt` is
   * 1 for the first try.
   */
  send(id: string, content: Content, attempt: number): Promise<void>;
  stop(): Promise<void>;
}

export interface Renderer {
  /** The message for a channel. Throws for nothing that an occasion can hold. */
  render(channel: Channel, occasion: Occasion, contact: Contact): { title: string; text: string; html: string };
}
