/** E-mail over SMTP. */
import { Readable } from "node:stream";
import SMTPPool from "nodemailer/lib/smtp-pool";
import type { Sender } from "../app/ports.ts";
import { ProviderDownError, SendError } from "../domain/errors.ts";
import type { Content } from "../domain/notification.ts";
import type { Clock } from "../platform/clock.ts";
import { Guard, NotTriedError } from "../platform/resilience.ts";
import type { Metrics } from "../platform/telemetry.ts";
import { addressHeader, bareAddress, compose } from "./mime.ts";

/** A connection is given up after so many messages, so that a mail server behind a name can be exchanged. */
const MESSAGES_PER_CONNECTION = 1000;
/** Shorter than mail servers wait, so that none closes a connection which is just taken for the next message. */
const IDLE_MS = 45_000;

export interface SmtpOptions {
  /** smtp://user:password@host:port or smtps://…; query parameters as nodemailer has them (`requireTLS=true`). */
  readonly url: string;
  readonly from: string;
  readonly timeoutMs: number;
  readonly concurrency: number;
  readonly openMs: number;
  readonly metrics: Metrics;
  readonly clock: Clock;
}

/** What nodemailer's pool asks of a composed message. */
interface Composed {
  getEnvelope(): { from: string; to: string[] };
  messageId(): string;
  getHeader(name: "message-id"): string;
  createReadStream(): Readable;
}
type PoolMail = Parameters<SMTPPool["send"]>[0];

/**
 * SMTP has no idempotency key. The Message-ID is the delivery's id at each try, so that a message which a dying sender had
 * already handed over is known as the same one by mail systems and by whoever reads the mail catcher.
 */
export class SmtpSender implements Sender {
  readonly #pool: SMTPPool;
  readonly #guard: Guard;
  readonly #clock: Clock;
  readonly #from: string;
  readonly #sender: string;
  readonly #domain: string;

  constructor(options: SmtpOptions) {
    this.#clock = options.clock;
    this.#from = addressHeader(options.from);
    this.#sender = bareAddress(this.#from);
    this.#domain = this.#sender.split("@")[1] ?? "localhost";
    const { url, concurrency, timeoutMs } = options;
    // The guard's limit is longer than the transport's, so that the transport gives up first and cuts its connection.
    const limits = {
      connectionTimeout: timeoutMs,
      greetingTimeout: timeoutMs,
      socketTimeout: timeoutMs,
      dnsTimeout: timeoutMs,
    };
    const pool = { maxConnections: concurrency, maxMessages: MESSAGES_PER_CONNECTION, idleTimeout: IDLE_MS };
    this.#pool = new SMTPPool({ url, ...pool, ...limits });
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

  get mayRepeat(): boolean {
    return this.#guard.mayRepeat;
  }

  async send(id: string, content: Content, attempt: number): Promise<void> {
    const message = this.#message(id, content, attempt);
    try {
      await this.#guard.run(() => this.#hand(message), attempt > 1);
    } catch (error) {
      throw senderError(error);
    }
  }

  async stop(): Promise<void> {
    this.#pool.close();
  }

  #message(id: string, content: Content, attempt: number): Composed {
    const to = addressHeader(content.recipient);
    const messageId = `<${id}@${this.#domain}>`;
    const { title: subject, text, html } = content;
    const headers = { "Auto-Submitted": "auto-generated", "X-Delivery-Attempt": String(attempt) };
    const date = this.#clock.now();
    const bytes = compose({ from: this.#from, to, subject, text, html, messageId, date, headers });
    return {
      getEnvelope: () => ({ from: this.#sender, to: [bareAddress(to)] }),
      messageId: () => messageId,
      getHeader: () => messageId,
      createReadStream: () => streamOf(bytes),
    };
  }

  #hand(message: Composed): Promise<void> {
    // The pool is given what it asks for and no more: its type is that of nodemailer's own message, which costs four times
    // the sending.
    const mail = { data: {}, message } as unknown as PoolMail;
    return new Promise((resolve, reject) => {
      this.#pool.send(mail, (error) => (error ? reject(error) : resolve()));
    });
  }
}

function streamOf(bytes: Buffer): Readable {
  return new Readable({
    read() {
      this.push(bytes);
      this.push(null);
    },
  });
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
