/** SMS and push over HTTP/JSON: `POST {"to","body"}` with an Idempotency-Key, by which the provider drops repetitions. */
import type { Sender } from "../app/ports.ts";
import { ProviderDownError, SendError } from "../domain/errors.ts";
import type { Content } from "../domain/notification.ts";
import { Guard, NotTriedError } from "../platform/resilience.ts";
import type { Metrics } from "../platform/telemetry.ts";

/** Refusals that another try may change: time-out, conflict with a running request, too early, too many. */
const RETRYABLE = new Set([408, 409, 425, 429]);

export interface HttpSenderOptions {
  readonly name: string;
  readonly url: string;
  readonly timeoutMs: number;
  readonly concurrency: number;
  readonly openMs: number;
  readonly metrics: Metrics;
}

export class HttpSender implements Sender {
  readonly #url: string;
  readonly #guard: Guard;

  constructor(options: HttpSenderOptions) {
    this.#url = options.url;
    this.#guard = new Guard({
      name: options.name,
      timeoutMs: options.timeoutMs,
      maxConcurrent: options.concurrency,
      failuresToOpen: 5,
      openMs: options.openMs,
      metrics: options.metrics,
      isFault: (error) => !(error instanceof SendError) || error.retryable,
    });
  }

  get available(): boolean {
    return !this.#guard.open;
  }

  get mayRepeat(): boolean {
    return this.#guard.mayRepeat;
  }

  async send(id: string, content: Content, attempt: number): Promise<void> {
    try {
      await this.#guard.run((signal) => this.#post(id, content, signal), attempt > 1);
    } catch (error) {
      if (error instanceof NotTriedError) throw new ProviderDownError();
      throw error instanceof SendError ? error : new SendError("PROVIDER_UNAVAILABLE", true, error);
    }
  }

  async stop(): Promise<void> {}

  async #post(id: string, content: Content, signal: AbortSignal): Promise<void> {
    const response = await fetch(this.#url, {
      method: "POST",
      headers: { "content-type": "application/json", "idempotency-key": id },
      body: JSON.stringify({ to: content.recipient, body: content.text }),
      redirect: "error",
      signal,
    });
    await response.body?.cancel();
    if (response.ok) return;
    if (response.status >= 500 || RETRYABLE.has(response.status)) throw new SendError(`HTTP_${response.status}`, true);
    throw new SendError("RECIPIENT_REFUSED", false);
  }
}
