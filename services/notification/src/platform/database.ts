/** The PostgreSQL pool: bounded, measured, no query without an end. */
import postgres, { type ISql, type PendingQuery, type Sql, type TransactionSql } from "postgres";
import { callSignal } from "./context.ts";
import { ServiceError } from "./errors.ts";
import type { Metrics } from "./telemetry.ts";
import { pause } from "./wait.ts";

const CONNECT_TIMEOUT_SECONDS = 5;
const STATEMENT_TIMEOUT_MS = 5000;
const WAIT_TIMEOUT_MS = 5000;
/** A statement may begin just after the last one was cancelled: so until the work has ended, it is cancelled again. */
const CANCEL_AGAIN_MS = 50;
const QUERY_CANCELED = "57014";

/** What the driver and the server say when there is no server, or none that takes connections. */
const OUTAGES = new Set([
  ...["ECONNREFUSED", "ECONNRESET", "EPIPE", "ETIMEDOUT", "ENOTFOUND", "EAI_AGAIN", "EHOSTUNREACH"],
  ...["CONNECT_TIMEOUT", "CONNECTION_CLOSED", "CONNECTION_ENDED", "CONNECTION_DESTROYED"],
  ...["08000", "08001", "08003", "08004", "08006", "53300", "57P01", "57P02", "57P03"],
]);

export type Transaction = TransactionSql;

export class Database {
  readonly #sql: Sql;
  /** A connection beside the pool, which may be full of what is to be cancelled. Opened at first use. */
  readonly #canceller: Sql;
  readonly #metrics: Metrics;
  readonly #max: number;
  readonly #waiting: (() => void)[] = [];
  #used = 0;
  /** Connections that are open: postgres.js opens one when none is idle, and tells when it closes one. */
  #open = 0;

  /** Connects at first use. At most `max` connections; who waits longer than 5 s for one gets RESOURCE_EXHAUSTED. */
  constructor(url: string, max: number, applicationName: string, metrics: Metrics) {
    this.#max = max;
    this.#metrics = metrics;
    metrics.poolMax.set(max);
    const options = {
      connect_timeout: CONNECT_TIMEOUT_SECONDS,
      idle_timeout: 60,
      onnotice: () => undefined,
      connection: {
        application_name: applicationName,
        statement_timeout: STATEMENT_TIMEOUT_MS,
        idle_in_transaction_session_timeout: 4 * STATEMENT_TIMEOUT_MS,
      },
    };
    const onclose = (): void => {
      this.#open = Math.max(0, this.#open - 1);
      this.#measure();
    };
    this.#sql = postgres(url, { ...options, max, onclose });
    this.#canceller = postgres(url, { ...options, max: 1 });
    this.#measure();
  }

  /**
   * Runs `work`, which is one statement, on the pool. Rejects with UNAVAILABLE when the server can't be reached. Within a call
   * it ends with the call: when the caller has given up, the server's statement is cancelled, and the rejection is the
   * reason of `callSignal`.
   */
  query<T>(work: (sql: ISql) => Promise<T>): Promise<T> {
    // Only a transaction is sure to keep its connection, which must be known to be cancelled.
    return callSignal() ? this.transaction(work) : this.#held(() => work(this.#sql));
  }

  /** Runs `work` in a transaction that rolls back when it rejects. Ends with the call, and rejects, as `query` does. */
  transaction<T>(work: (tx: Transaction) => Promise<T>): Promise<T> {
    return this.#held(async () => {
      // `begin` unwraps arrays of promises in its type; wrapping keeps T as it is.
      const { value } = await this.#sql.begin(async (tx) => ({ value: await this.#forCaller(tx, work) }));
      return value as T;
    });
  }

  /** Runs `work` and has the server cancel its statements from the moment that the caller is gone until it has ended. */
  async #forCaller<T>(tx: Transaction, work: (tx: Transaction) => Promise<T>): Promise<T> {
    const signal = callSignal();
    if (!signal) return await work(tx);
    signal.throwIfAborted();
    // Sent with the statement that follows, so it costs no round trip.
    const backend = tx<{ pid: number }[]>`SELECT pg_backend_pid() AS pid`.execute();
    const ended = new AbortController();
    let cancelling: Promise<void> = Promise.resolve();
    const cancel = (): void => {
      cancelling = this.#cancel(backend, ended.signal);
      cancelling.catch(() => undefined); // It is awaited below, but the work may end much later.
    };
    signal.addEventListener("abort", cancel, { once: true });
    try {
      return await work(tx);
    } finally {
      signal.removeEventListener("abort", cancel);
      ended.abort();
      // The connection must not go to the next one while a cancellation is on its way to it.
      await cancelling;
    }
  }

  async #cancel(backend: PendingQuery<{ pid: number }[]>, ended: AbortSignal): Promise<void> {
    const [row] = await backend;
    while (row && !ended.aborted) {
      await this.#canceller`SELECT pg_cancel_backend(${row.pid})`;
      await pause(CANCEL_AGAIN_MS, ended);
    }
  }

  async #held<T>(work: () => Promise<T>): Promise<T> {
    const signal = callSignal();
    await this.#acquire(signal);
    const taken = performance.now();
    try {
      return await work();
    } catch (error) {
      if (signal?.aborted && codeOf(error) === QUERY_CANCELED) throw signal.reason;
      if (!isOutage(error)) throw error;
      throw new ServiceError("unavailable", "DATABASE_UNAVAILABLE", "the database can't be reached");
    } finally {
      this.#metrics.poolUse.observe((performance.now() - taken) / 1000);
      this.#release();
    }
  }

  async ping(): Promise<void> {
    await this.query((sql) => sql`SELECT 1`);
  }

  /** Closes all connections, within `timeoutMs`. */
  async stop(timeoutMs: number): Promise<void> {
    const timeout = timeoutMs / 1000;
    await Promise.all([this.#sql.end({ timeout }), this.#canceller.end({ timeout })]);
  }

  async #acquire(signal: AbortSignal | undefined): Promise<void> {
    const started = performance.now();
    if (this.#used >= this.#max) await this.#wait(signal);
    else this.#used += 1;
    this.#metrics.poolWait.observe((performance.now() - started) / 1000);
    this.#measure();
  }

  /** Waits for a connection that is given back, for 5 s or until the caller is gone. */
  #wait(signal: AbortSignal | undefined): Promise<void> {
    signal?.throwIfAborted();
    return new Promise((resolve, reject) => {
      const settle = (): void => {
        clearTimeout(timer);
        signal?.removeEventListener("abort", gone);
      };
      const give = (): void => {
        settle();
        resolve();
      };
      const leave = (error: unknown): void => {
        settle();
        this.#waiting.splice(this.#waiting.indexOf(give), 1);
        reject(error);
      };
      const gone = (): void => leave(signal?.reason);
      const timer = setTimeout(() => {
        const text = "no database connection became free";
        leave(new ServiceError("resource_exhausted", "DATABASE_POOL_EXHAUSTED", text));
      }, WAIT_TIMEOUT_MS);
      signal?.addEventListener("abort", gone, { once: true });
      this.#waiting.push(give);
    });
  }

  /** Hands the connection to who waits longest, else gives it back. */
  #release(): void {
    const next = this.#waiting.shift();
    if (next) next();
    else this.#used -= 1;
    this.#measure();
  }

  #measure(): void {
    this.#metrics.poolConnections.set({ state: "used" }, this.#used);
    this.#open = Math.max(this.#open, this.#used);
    this.#metrics.poolConnections.set({ state: "idle" }, this.#open - this.#used);
  }
}

function isOutage(error: unknown): boolean {
  const code = codeOf(error);
  return code !== undefined && OUTAGES.has(code);
}

function codeOf(error: unknown): string | undefined {
  return error instanceof Error && "code" in error && typeof error.code === "string" ? error.code : undefined;
}
