/** Sends what is due on one channel: claim, send, record; bounded tries with backoff. */
import { ProviderDownError, SendError } from "../domain/errors.ts";
import type { Attempt, Channel, Claim, Result } from "../domain/notification.ts";
import { type RetryPolicy, restAfter } from "../domain/retry.ts";
import type { Clock } from "../platform/clock.ts";
import type { Logger } from "../platform/logger.ts";
import { currentTrace, formatTraceparent } from "../platform/trace-context.ts";
import type { Tracer } from "../platform/tracing.ts";
import type { Sender, Store } from "./ports.ts";
import { Recorder } from "./recorder.ts";

export interface DeliverOptions {
  readonly channel: Channel;
  readonly store: Store;
  readonly sender: Sender;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly tracer: Tracer;
  readonly retry: RetryPolicy;
  /** How many are in hand at once: being sent, or sent and not recorded. */
  readonly concurrency: number;
  /** How long a claim holds; longer than any send can take. */
  readonly leaseMs: number;
  /** How long a delivery rests when its provider is down. */
  readonly downRestMs: number;
  readonly onOutcome: (outcome: "sent" | "retried" | "failed") => void;
  /** A slot became free, and more may be due. */
  readonly onIdle: () => void;
  readonly random?: () => number;
}

export class Deliver {
  readonly #options: DeliverOptions;
  readonly #recorder: Recorder;
  readonly #inHand = new Set<Promise<void>>();
  #sending = 0;
  /** The last look did not see the end of what is due. */
  #more = false;

  constructor(options: DeliverOptions) {
    this.#options = options;
    this.#recorder = new Recorder(options.store, options.clock, options.logger);
  }

  /** Fills the free slots. False always: a slot that becomes free calls onIdle, which starts the next step. */
  async step(): Promise<boolean> {
    const { channel, store, sender, concurrency, leaseMs } = this.#options;
    const free = concurrency - this.#inHand.size;
    this.#more = true;
    if (free === 0 || !sender.available) return false;
    const claims = await store.claim(channel, free, leaseMs, sender.mayRepeat);
    this.#more = claims.length === free;
    for (const claim of claims) this.#begin(claim);
    return false;
  }

  /** Resolves when what was begun has ended and is recorded. */
  async settled(): Promise<void> {
    await Promise.all(this.#inHand);
  }

  #begin(claim: Claim): void {
    const { logger, onIdle } = this.#options;
    const task = this.#handle(claim)
      .catch((error: unknown) =>
        logger.error({ error, notification_id: claim.delivery.id }, "delivery left unrecorded"),
      )
      .finally(() => {
        this.#inHand.delete(task);
        if (this.#more) onIdle();
      });
    this.#inHand.add(task);
  }

  async #handle(claim: Claim): Promise<void> {
    const { channel, tracer, onOutcome } = this.#options;
    this.#sending += 1;
    const trying = tracer.span(`send ${channel.toLowerCase()}`, "client", claim.traceparent, () => this.#try(claim));
    const attempt = await trying.finally(() => {
      this.#sending -= 1;
    });
    const written = this.#recorder.add(attempt);
    if (this.#sending === 0) this.#recorder.flush();
    await written;
    const { result } = attempt;
    if (result.state === "PENDING") {
      if (result.tried) onOutcome("retried");
    } else onOutcome(result.state === "SENT" ? "sent" : "failed");
  }

  async #try(claim: Claim): Promise<Attempt> {
    const result = await this.#send(claim);
    const trace = currentTrace();
    return { claim, result, traceparent: trace ? formatTraceparent(trace) : "" };
  }

  async #send(claim: Claim): Promise<Result> {
    const { sender, retry, logger } = this.#options;
    const { id, attemptCount } = claim.delivery;
    if (claim.resumed) logger.warn({ notification_id: id, attempt: attemptCount }, "sender died before, sending again");
    // Only a sender that died in its last try leaves a claim beyond the limit.
    if (attemptCount > retry.maxAttempts) return { state: "FAILED", reason: "ATTEMPTS_EXHAUSTED" };
    try {
      await sender.send(id, claim, attemptCount);
      return { state: "SENT" };
    } catch (error) {
      return this.#resultOf(claim, error);
    }
  }

  #resultOf(claim: Claim, error: unknown): Result {
    const { retry, downRestMs, random } = this.#options;
    if (error instanceof ProviderDownError)
      return { state: "PENDING", reason: "PROVIDER_DOWN", delayMs: downRestMs, tried: false };
    const reason = error instanceof SendError ? error.reason : "SENDER_FAILED";
    const { id, attemptCount: attempt } = claim.delivery;
    this.#options.logger.warn({ notification_id: id, attempt, reason, error }, "not sent");
    const delayMs = restAfter(attempt, retry, random);
    const final = delayMs === undefined || (error instanceof SendError && !error.retryable);
    return final ? { state: "FAILED", reason } : { state: "PENDING", reason, delayMs, tried: true };
  }
}
