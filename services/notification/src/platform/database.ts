/** The PostgreSQL pool: bounded, measured, no query without an end. */
import postgres, { type Sql, type TransactionSql } from "postgres";
import { ServiceError } from "./errors.ts";
import type { Metrics } from "./telemetry.ts";

const CONNECT_TIMEOUT_SECONDS = 5;
const STATEMENT_TIMEOUT_MS = 5000;
const WAIT_TIMEOUT_MS = 5000;

/** What the driver and the server say when there is no server, or none that takes connections. */
const OUTAGES = new Set([
  ...["ECONNREFUSED", "ECONNRESET", "EPIPE", "ETIMEDOUT", "ENOTFOUND", "EAI_AGAIN", "EHOSTUNREACH"],
  ...["CONNECT_TIMEOUT", "CONNECTION_CLOSED", "CONNECTION_ENDED", "CONNECTION_DESTROYED"],
  ...["08000", "08001", "08003", "08004", "08006", "53300", "57P01", "57P02", "57P03"],
]);

export type Transaction = TransactionSql;

export class Database {
  readonly #sql: Sql;
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
    this.#sql = postgres(url, {
      max,
      connect_timeout: CONNECT_TIMEOUT_SECONDS,
      idle_timeout: 60,
      onnotice: () => undefined,
      onclose: () => {
        this.#open = Math.max(0, this.#open - 1);
        this.#measure();
      },
      connection: {
        application_name: applicationName,
        statement_timeout: STATEMENT_TIMEOUT_MS,
        idle_in_transaction_session_timeout: 4 * STATEMENT_TIMEOUT_MS,
      },
    });
    this.#measure();
  }

  /** Runs `work` on the pool, outside a transaction. Rejects with UNAVAILABLE when the server can't be reached. */
  query<T>(work: (sql: Sql) => Promise<T>): Promise<T> {
    return this.#held(() => work(this.#sql));
  }

  /** Runs `work` in a transaction that rolls back when it rejects. Rejects as `query` does. */
  transaction<T>(work: (tx: Transaction) => Promise<T>): Promise<T> {
    return this.#held(async () => {
      // `begin` unwraps arrays of promises in its type; wrapping keeps T as it is.
      const { value } = await this.#sql.begin(async (tx) => ({ value: await work(tx) }));
      return value as T;
    });
  }

  async #held<T>(work: () => Promise<T>): Promise<T> {
    await this.#acquire();
    const taken = performance.now();
    try {
      return await work();
    } catch (error) {
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
    await this.#sql.end({ timeout: timeoutMs / 1000 });
  }

  async #acquire(): Promise<void> {
    const started = performance.now();
    if (this.#used >= this.#max) await this.#wait();
    else this.#used += 1;
    this.#metrics.poolWait.observe((performance.now() - started) / 1000);
    this.#measure();
  }

  #wait(): Promise<void> {
    return new Promise((resolve, reject) => {
      const give = (): void => {
        clearTimeout(timer);
        resolve();
      };
      const timer = setTimeout(() => {
        this.#waiting.splice(this.#waiting.indexOf(give), 1);
        reject(new ServiceError("resource_exhausted", "DATABASE_POOL_EXHAUSTED", "no database connection became free"));
      }, WAIT_TIMEOUT_MS);
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
  return error instanceof Error && "code" in error && typeof error.code === "string" && OUTAGES.has(error.code);
}
