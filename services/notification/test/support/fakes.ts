/** Stand-ins inside the process: a clock that is moved by hand, a provider that does what it is told. */
import type { Sender } from "../../src/app/ports.ts";
import type { Content, NewDelivery } from "../../src/domain/notification.ts";
import type { Clock } from "../../src/platform/clock.ts";

export class FakeClock implements Clock {
  #now: number;

  constructor(start = "2026-01-02T03:04:05.000Z") {
    this.#now = Date.parse(start);
  }

  now(): Date {
    return new Date(this.#now);
  }

  advance(ms: number): void {
    this.#now += ms;
  }
}

export class FakeSender implements Sender {
  available = true;
  mayRepeat = true;
  readonly sent: { id: string; content: Content; attempt: number }[] = [];
  /** Thrown one after the other by the next calls; undefined lets one pass. */
  readonly failures: (Error | undefined)[] = [];

  async send(id: string, content: Content, attempt: number): Promise<void> {
    const failure = this.failures.shift();
    if (failure) throw failure;
    this.sent.push({ id, content, attempt });
  }

  async stop(): Promise<void> {}
}

let count = 0;

/** A valid UUID, larger each time. */
export function nextId(): string {
  count += 1;
  return `01900000-0000-7000-8000-${String(count).padStart(12, "0")}`;
}

export function newDelivery(clock: Clock, more: Partial<NewDelivery> = {}): NewDelivery {
  return {
    id: nextId(),
    eventId: nextId(),
    userId: "user-1",
    channel: "EMAIL",
    template: "welcome",
    orderId: "",
    title: "Welcome",
    state: "PENDING",
    recipient: "ada@example.test",
    text: "Hello",
    html: "<p>Hello</p>",
    traceparent: "",
    createTime: clock.now(),
    ...more,
  };
}
