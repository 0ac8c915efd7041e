/** E-mail over SMTP. */
import { createTransport, type Transporter } from "nodemailer";
import type { Sender } from "../app/ports.ts";
import { ProviderDownError, SendError } from "../domain/errors.ts";
import type { Content } from "../domain/notification.ts";
import { Guard, NotTriedError } from "../platform/resilience.ts";
import type { Metrics } from "../platform/telemetry.ts";

export interface SmtpOptions {
  /** smtp://user:password@host:port or smtps://…; query parameters as nodemailer has them (`requireTLS=true`). */
  readonly url: string;
  readonly from: string;
  readonly timeoutMs: number;
  readonly concurrency: number;
  readonly openMs: number;
  readonly metrics: Metrics;
}

/**
 * SMTP has no idempotency key. The Message-ID is the delivery's id at each try, so that a message which a dying sender had
 * already handed over is known as the same one by mail systems and by whoever reads the mail catcher.
 */
export class SmtpSender implements Sender {
  readonly #transport: Transporter;
  readonly #guard: Guard;
  readonly #from: string;
  readonly #domain: string;

  constructor(options: SmtpOptions) {
    this.#from = options.from;
    this.#domain = /@([^>\s]+)/.exec(options.from)?.[1] ?? "localhost";
    const { url, concurrency, timeoutMs } = options;
    // The guard's limit is longer than the transport's, so that the transport gives up first and cuts its connection.
    const limits = {
      connectionTimeout: timeoutMs,
      greetingTimeout: timeoutMs,
      socketTimeout: timeoutMs,
      dnsTimeout: timeoutMs,
    };
    this.#transport = createTransport({ url, pool: true, maxConnections: concurrency, ...limits });
    this.#guard = new Guard({
      name: "smtp",
      timeoutMs: 2 * timeoutMs,
      maxConcurrent: concurrency,
      failuresToOpen: 5,
      openMs: options.openMs,
      metrics: options.metrics,
      isFault: (error) => !isRefusal(error),
    });
  }

  get available(): boolean {
    return !this.#guard.open;
  }

  async send(id: string, content: Content, attempt: number): Promise<void> {
    const message = {
      from: this.#from,
      to: content.recipient,
      subject: content.title,
      text: content.text,
      html: content.html,
      messageId: `<${id}@${this.#domain}>`,
      headers: { "Auto-Submitted": "auto-generated", "X-Delivery-Attempt": String(attempt) },
    };
    try {
      await this.#guard.run(() => this.#transport.sendMail(message));
    } catch (error) {
      throw senderError(error);
    }
  }

  async stop(): Promise<void> {
    this.#transport.close();
  }
}

/** 5xx: the server is well and wants this message never. */
function isRefusal(error: unknown): boolean {
  const code = responseCode(error);
  return code !== undefined && code >= 500 && code < 600;
}

function responseCode(error: unknown): number | undefined {
  const code = error instanceof Error && "responseCode" in error ? error.responseCode : undefined;
  return typeof code === "number" ? code : undefined;
}

function senderError(error: unknown): Error {
  if (error instanceof NotTriedError) return new ProviderDownError();
  if (isRefusal(error)) return new SendError("RECIPIENT_REFUSED", false, error);
  if (responseCode(error) !== undefined) return new SendError("TEMPORARILY_REFUSED", true, error);
  return new SendError("PROVIDER_UNAVAILABLE", true, error);
}
