/** A background task that runs a step again and again, is woken early, backs off on errors and ends on request. */
import type { Logger } from "./logger.ts";
import { backoffMs, pause } from "./wait.ts";

const MAX_ERROR_WAIT_MS = 30_000;

export interface LoopOptions {
  readonly name: string;
  /** Rest between steps that found nothing to do. */
  readonly intervalMs: number;
  /** Least time between two steps, however often it is woken: what comes meanwhile is done together. */
  readonly gapMs?: number;
  readonly logger: Logger;
  /** Told when the loop itself breaks, which only a defect can do. */
  readonly onDeath: (what: string) => void;
  /** One round; true means that there may be more to do at once. */
  readonly step: (stopping: AbortSignal) => Promise<boolean>;
}

export class Loop {
  readonly #options: LoopOptions;
  readonly #stop = new AbortController();
  #woken = false;
  #endRest: () => void = () => undefined;
  #task: Promise<void> = Promise.resolve();

  constructor(options: LoopOptions) {
    this.#options = options;
  }

  start(): void {
    this.#task = this.#run().catch((error: unknown) => {
      this.#options.logger.error({ error, task: this.#options.name }, "background task died");
      this.#options.onDeath(this.#options.name);
    });
  }

  /** Ends the present rest, or skips the next one. */
  wake(): void {
    this.#woken = true;
    this.#endRest();
  }

  /** Lets the present step end and runs no other. */
  async stop(): Promise<void> {
    this.#stop.abort();
    this.#endRest();
    await this.#task;
  }

  async #run(): Promise<void> {
    const { intervalMs, gapMs = 0 } = this.#options;
    const { signal } = this.#stop;
    let failures = 0;
    while (!signal.aborted) {
      this.#woken = false;
      try {
        const more = await this.#options.step(signal);
        failures = 0;
        if (gapMs > 0) await pause(gapMs, signal);
        if (!more) await this.#rest(intervalMs);
      } catch (error) {
        failures += 1;
        this.#options.logger.warn({ error, task: this.#options.name, failures }, "background step failed");
        await pause(backoffMs(failures, 500, MAX_ERROR_WAIT_MS), signal);
      }
    }
  }

  #rest(ms: number): Promise<void> {
    if (this.#woken || this.#stop.signal.aborted) return Promise.resolve();
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, ms);
      this.#endRest = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }
}
