/** Writes what came of tries: those that end close together, together, and until the claims end. */
import type { Attempt } from "../domain/notification.ts";
import type { Clock } from "../platform/clock.ts";
import type { Logger } from "../platform/logger.ts";
import { backoffMs, pause } from "../platform/wait.ts";
import type { Store } from "./ports.ts";

/** The longest that an outcome waits for others. Until it is written, a crash sends its message again. */
const LINGER_MS = 20;

interface Waiting {
  readonly attempt: Attempt;
  readonly written: () => void;
  readonly failed: (error: unknown) => void;
}

export class Recorder {
  readonly #store: Pick<Store, "record">;
  readonly #clock: Clock;
  readonly #logger: Logger;
  #waiting: Waiting[] = [];
  #timer: NodeJS.Timeout | undefined;

  constructor(store: Pick<Store, "record">, clock: Clock, logger: Logger) {
    this.#store = store;
    this.#clock = clock;
    this.#logger = logger;
  }

  /** Resolves when it is written, or its claim was found to be lost; rejects when it can't be written before the claim ends. */
  add(attempt: Attempt): Promise<void> {
    return new Promise<void>((written, failed) => {
      this.#waiting.push({ attempt, written, failed });
      this.#timer ??= setTimeout(() => this.flush(), LINGER_MS);
    });
  }

  /** Writes what there is, because nothing else is about to end. */
  flush(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    const batch = this.#waiting;
    this.#waiting = [];
    if (batch.length > 0) void this.#write(batch);
  }

  async #write(batch: readonly Waiting[]): Promise<void> {
    const attempts = batch.map(({ attempt }) => attempt);
    try {
      const held = await this.#insist(attempts);
      for (const { claim } of attempts) {
        const { id } = claim.delivery;
        if (!held.has(id)) this.#logger.warn({ notification_id: id }, "claim was lost before the outcome was recorded");
      }
      for (const { written } of batch) written();
    } catch (error) {
      for (const { failed } of batch) failed(error);
    }
  }

  /**
   * Again and again while the claims hold: a message that was sent and not recorded would be sent again. After the lease
   * another sender owns the row.
   */
  async #insist(attempts: readonly Attempt[]): Promise<ReadonlySet<string>> {
    const end = Math.min(...attempts.map(({ claim }) => claim.leaseEnd.getTime()));
    for (let failures = 1; ; failures += 1) {
      try {
        return await this.#store.record(attempts);
      } catch (error) {
        const rest = backoffMs(failures, 100, 2000);
        if (this.#clock.now().getTime() + rest >= end) throw error;
        this.#logger.warn({ error, outcomes: attempts.length }, "outcomes not recorded yet");
        await pause(rest, new AbortController().signal);
      }
    }
  }
}
