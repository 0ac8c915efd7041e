/** Deletes what the platform's tables need no longer. */
import type { Clock } from "./clock.ts";
import type { Database } from "./database.ts";
import type { Logger } from "./logger.ts";
import { Loop } from "./loop.ts";

const INTERVAL_MS = 600_000;
const HOUR_MS = 3_600_000;
/** Answers are repeated for a day. */
const IDEMPOTENCY_MS = 24 * HOUR_MS;
/** A stream keeps events for 30 days; after that none can come again. */
const INBOX_MS = 31 * 24 * HOUR_MS;
const OUTBOX_MS = 24 * HOUR_MS;

export interface SweeperOptions {
  readonly database: Database;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly onDeath: (what: string) => void;
}

export class Sweeper {
  readonly #options: SweeperOptions;
  readonly #loop: Loop;

  constructor(options: SweeperOptions) {
    this.#options = options;
    const { logger, onDeath } = options;
    this.#loop = new Loop({ name: "sweeper", intervalMs: INTERVAL_MS, logger, onDeath, step: () => this.step() });
  }

  start(): void {
    this.#loop.start();
  }

  stop(): Promise<void> {
    return this.#loop.stop();
  }

  /** One round over the three tables. */
  async step(): Promise<boolean> {
    const { database, clock } = this.#options;
    const before = (ageMs: number): Date => new Date(clock.now().getTime() - ageMs);
    await database.query((sql) => sql`DELETE FROM idempotency WHERE created_at < ${before(IDEMPOTENCY_MS)}`);
    await database.query((sql) => sql`DELETE FROM inbox WHERE received_at < ${before(INBOX_MS)}`);
    await database.query((sql) => sql`DELETE FROM outbox WHERE published_at < ${before(OUTBOX_MS)}`);
    return false;
  }
}
