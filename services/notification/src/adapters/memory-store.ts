/** The store in memory, for tests and for a process without a database. Transactions run one after the other. */
import type { Store, Work } from "../app/ports.ts";
import type {
  Attempt,
  Channel,
  Claim,
  Contact,
  Content,
  Delivery,
  NewDelivery,
  Result,
} from "../domain/notification.ts";
import type { Preferences } from "../domain/preferences.ts";
import { type Clock, uuid7 } from "../platform/clock.ts";
import { type IdempotencyKey, keyReused, type Outcome } from "../platform/idempotency.ts";
import type { OutboxEvent } from "../platform/outbox.ts";

interface Stored extends Delivery, Content {
  readonly dueTime: Date;
  readonly leaseId: string | undefined;
  readonly traceparent: string;
}

interface State {
  contacts: Map<string, Contact>;
  preferences: Map<string, Preferences>;
  deliveries: Map<string, Stored>;
  answers: Map<string, { hash: string; response: Uint8Array }>;
}

export class MemoryStore implements Store {
  /** What the outbox would hold. */
  readonly announced: OutboxEvent[] = [];
  readonly #clock: Clock;
  readonly #announce: (delivery: Delivery, reason?: string) => OutboxEvent;
  #state: State = { contacts: new Map(), preferences: new Map(), deliveries: new Map(), answers: new Map() };
  #last: Promise<unknown> = Promise.resolve();

  constructor(clock: Clock, announce: (delivery: Delivery, reason?: string) => OutboxEvent) {
    this.#clock = clock;
    this.#announce = announce;
  }

  transaction<T>(work: (work: Work) => Promise<T>): Promise<T> {
    const run = async (): Promise<T> => {
      const copy: State = {
        contacts: new Map(this.#state.contacts),
        preferences: new Map(this.#state.preferences),
        deliveries: new Map(this.#state.deliveries),
        answers: new Map(this.#state.answers),
      };
      const result = await work(new MemoryWork(copy));
      this.#state = copy;
      return result;
    };
    const result = this.#last.then(run, run);
    this.#last = result.catch(() => undefined);
    return result;
  }

  async preferences(userId: string): Promise<Preferences | undefined> {
    return this.#state.preferences.get(userId);
  }

  async deliveriesOf(userId: string, before: string | undefined, limit: number): Promise<Delivery[]> {
    return [...this.#state.deliveries.values()]
      .filter((one) => one.userId === userId && (before === undefined || one.id < before))
      .sort((a, b) => (a.id < b.id ? 1 : -1))
      .slice(0, limit)
      .map(deliveryOf);
  }

  claim(channel: Channel, limit: number, leaseMs: number, repeats: boolean): Promise<Claim[]> {
    return this.#alone(() => {
      const now = this.#clock.now();
      const leaseEnd = new Date(now.getTime() + leaseMs);
      const leaseId = uuid7(this.#clock);
      const due = [...this.#state.deliveries.values()]
        .filter((one) => one.channel === channel && isOpen(one) && one.dueTime <= now)
        .filter((one) => repeats || one.attemptCount === 0)
        .sort((a, b) => a.dueTime.getTime() - b.dueTime.getTime());
      return due.slice(0, limit).map((one) => {
        const change = { state: "SENDING", attemptCount: one.attemptCount + 1, dueTime: leaseEnd, leaseId } as const;
        const stored = this.#put({ ...one, ...change });
        const { recipient, title, text, html, traceparent } = stored;
        const resumed = one.state === "SENDING";
        return { delivery: deliveryOf(stored), recipient, title, text, html, leaseId, leaseEnd, resumed, traceparent };
      });
    });
  }

  record(attempts: readonly Attempt[]): Promise<ReadonlySet<string>> {
    return this.#alone(() => {
      const now = this.#clock.now();
      const held = attempts.filter(({ claim, result }) => this.#change(claim, changeBy(result, claim, now)));
      for (const { claim, result } of held) {
        const stored = this.#state.deliveries.get(claim.delivery.id);
        if (!stored || result.state === "PENDING") continue;
        const reason = result.state === "FAILED" ? result.reason : undefined;
        this.announced.push(this.#announce(deliveryOf(stored), reason));
      }
      return new Set(held.map(({ claim }) => claim.delivery.id));
    });
  }

  async pendingCount(): Promise<number> {
    return [...this.#state.deliveries.values()].filter(isOpen).length;
  }

  #alone<T>(work: () => T): Promise<T> {
    const result = this.#last.then(work, work);
    this.#last = result.catch(() => undefined);
    return result;
  }

  #put(stored: Stored): Stored {
    this.#state.deliveries.set(stored.id, stored);
    return stored;
  }

  #change(claim: Claim, change: Partial<Stored>): boolean {
    const held = this.#state.deliveries.get(claim.delivery.id);
    if (held?.leaseId !== claim.leaseId) return false;
    this.#put({ ...held, ...change, leaseId: undefined });
    return true;
  }
}

class MemoryWork implements Work {
  readonly #state: State;

  constructor(state: State) {
    this.#state = state;
  }

  async contact(userId: string): Promise<Contact | undefined> {
    return this.#state.contacts.get(userId);
  }

  async saveContact(contact: Contact): Promise<void> {
    const known = this.#state.contacts.get(contact.userId);
    if (!known || known.updateTime <= contact.updateTime) this.#state.contacts.set(contact.userId, contact);
  }

  async preferences(userId: string): Promise<Preferences | undefined> {
    return this.#state.preferences.get(userId);
  }

  async savePreferences(preferences: Preferences): Promise<void> {
    this.#state.preferences.set(preferences.userId, preferences);
  }

  async addDeliveries(deliveries: readonly NewDelivery[]): Promise<string[]> {
    const known = new Set([...this.#state.deliveries.values()].map((one) => `${one.eventId} ${one.channel}`));
    const fresh = deliveries.filter((one) => !known.has(`${one.eventId} ${one.channel}`));
    for (const one of fresh) {
      const start = { attemptCount: 0, sendTime: undefined, dueTime: one.createTime, leaseId: undefined };
      this.#state.deliveries.set(one.id, { ...one, ...start });
    }
    return fresh.map(({ id }) => id);
  }

  async idempotent(key: IdempotencyKey, effect: () => Promise<Uint8Array>): Promise<Outcome> {
    const name = JSON.stringify([key.caller, key.method, key.requestId]);
    const hash = Buffer.from(key.hash).toString("hex");
    const stored = this.#state.answers.get(name);
    if (stored && stored.hash !== hash) throw keyReused();
    if (stored) return { response: stored.response, replayed: true };
    const response = await effect();
    this.#state.answers.set(name, { hash, response });
    return { response, replayed: false };
  }
}

function changeBy(result: Result, claim: Claim, now: Date): Partial<Stored> {
  if (result.state === "SENT") return { state: "SENT", sendTime: now, recipient: "", text: "", html: "" };
  if (result.state === "FAILED") return { state: "FAILED" };
  const attemptCount = claim.delivery.attemptCount - (result.tried ? 0 : 1);
  return { state: "PENDING", dueTime: new Date(now.getTime() + result.delayMs), attemptCount };
}

function isOpen(one: Stored): boolean {
  return one.state === "PENDING" || one.state === "SENDING";
}

function deliveryOf(stored: Delivery): Delivery {
  const { id, eventId, userId, channel, template, orderId, title, state, attemptCount, createTime, sendTime } = stored;
  return { id, eventId, userId, channel, template, orderId, title, state, attemptCount, createTime, sendTime };
}
