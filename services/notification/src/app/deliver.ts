/** Sends what is due on one channel: claim, send, record; bounded tries with backoff. */
import { ProviderDownError, SendError } from "../domain/errors.ts";
import type { Channel, Claim } from "../domain/notification.ts";
import { type RetryPolicy, restAfter } from "../domain/retry.ts";
import type { Clock } from "../platform/clock.ts";
import type { Logger } from "../platform/logger.ts";
import type { Tracer } from "../platform/tracing.ts";
import { backoffMs, pause } from "../platform/wait.ts";
import type { Sender, Store } from "./ports.ts";

export interface DeliverOptions {
  readonly channel: Channel;
  readonly store: Store;
  readonly sender: Sender;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly tracer: Tracer;
  readonly retry: RetryPolicy;
  /** How many are sent at once. */
  readonly concurrency: number;
  /** How long a claim holds; longer than any send can take. */
  readonly leaseMs: number;
  /** How long a delivery rests when its provider is down. */
  readonly downRestMs: number;
  readonly onOutcome: (outcome: "sent" | "retried" | "failed") => void;
  /** A slot became free. */
  readonly onIdle: () => void;
  readonly random?: () => number;
}

export class Deliver {
  readonly #options: DeliverOptions;
  readonly #inFlight = new Set<Promise<void>>();

  constructor(options: DeliverOptions) {
    this.#options = options;
  }

  /** Fills the free slots. False always: a slot that becomes free calls onIdle, which starts the next step. */
  async step(): Promise<boolean> {
    const { channel, store, sender, concurrency, leaseMs } = this.#options;
    const free = concurrency - this.#inFlight.size;
    if (free === 0 || !sender.available) return false;
    const claims = await store.claim(channel, free, leaseMs);
    for (const claim of claims) this.#begin(claim);
    return false;
  }

  /** Resolves when what was begun has ended and is recorded. */
  async settled(): Promise<void> {
    await Promise.all(this.#inFlight);
  }

  #begin(claim: Claim): void {
    const { channel, logger, onIdle, tracer } = this.#options;
    const task = tracer
      .span(`send ${channel.toLowerCase()}`, "client", claim.traceparent, () => this.#one(claim))
      .catch((error: unknown) =>
        logger.error({ error, notification_id: claim.delivery.id }, "delivery left unrecorded"),
      )
      .finally(() => {
        this.#inFlight.delete(task);
        onIdle();
      });
    this.#inFlight.add(task);
  }

  async #one(claim: Claim): Promise<void> {
    const { sender, retry, logger } = this.#options;
    const { id, attemptCount } = claim.delivery;
    if (claim.resumed) logger.warn({ notification_id: id, attempt: attemptCount }, "sender died before, sending again");
    // Only a sender that died in its last try leaves a claim beyond the limit.
    if (attemptCount > retry.maxAttempts) return await this.#fail(claim, "ATTEMPTS_EXHAUSTED");
    try {
      await sender.send(id, claim, attemptCount);
    } catch (error) {
      return await this.#notSent(claim, error);
    }
    await this.#record(claim, () => this.#options.store.markSent(claim));
    this.#options.onOutcome("sent");
  }

  async #notSent(claim: Claim, error: unknown): Promise<void> {
    const { store, retry, downRestMs, random } = this.#options;
    if (error instanceof ProviderDownError) {
      await this.#record(claim, () => store.retryLater(claim, downRestMs, "PROVIDER_DOWN", false));
      return;
    }
    const reason = error instanceof SendError ? error.reason : "SENDER_FAILED";
    const fields = { notification_id: claim.delivery.id, attempt: claim.delivery.attemptCount, reason, error };
    this.#options.logger.warn(fields, "not sent");
    const rest = restAfter(claim.delivery.attemptCount, retry, random);
    if (rest === undefined || (error instanceof SendError && !error.retryable)) return await this.#fail(claim, reason);
    await this.#record(claim, () => store.retryLater(claim, rest, reason, true));
    this.#options.onOutcome("retried");
  }

  async #fail(claim: Claim, reason: string): Promise<void> {
    await this.#record(claim, () => this.#options.store.markFailed(claim, reason));
    this.#options.onOutcome("failed");
  }

  /**
   * Writes the outcome, again and again while the claim holds: a message that was sent and not recorded would be sent
   * again. After the lease another sender owns the row.
   */
  async #record(claim: Claim, write: () => Promise<boolean>): Promise<void> {
    const { clock, logger } = this.#options;
    const fields = { notification_id: claim.delivery.id };
    for (let attempt = 1; ; attempt += 1) {
      try {
        if (!(await write())) logger.warn(fields, "claim was lost before the outcome was recorded");
        return;
      } catch (error) {
        const rest = backoffMs(attempt, 100, 2000);
        if (clock.now().getTime() + rest >= claim.leaseEnd.getTime()) throw error;
        logger.warn({ ...fields, error }, "outcome not recorded yet");
        await pause(rest, new AbortController().signal);
      }
    }
  }
}
