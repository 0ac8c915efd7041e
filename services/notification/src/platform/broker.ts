/** The connection to NATS: made in the background, for ever, so that a service starts without its broker. */
import {
  JetStreamApiCodes,
  JetStreamApiError,
  type JetStreamClient,
  type JetStreamManager,
  jetstream,
  jetstreamManager,
} from "@nats-io/jetstream";
import { connect, type NatsConnection } from "@nats-io/transport-node";
import { ServiceError } from "./errors.ts";
import type { Logger } from "./logger.ts";
import { backoffMs, pause } from "./wait.ts";

const REQUEST_TIMEOUT_MS = 5000;
const RECONNECT_MS = 1000;
const MAX_CONNECT_WAIT_MS = 10_000;
const NANOS_PER_SECOND = 1_000_000_000;
const MAX_AGE_NANOS = 30 * 24 * 3600 * NANOS_PER_SECOND;
const DUPLICATE_WINDOW_NANOS = 120 * NANOS_PER_SECOND;

export function isStreamNotFound(error: unknown): boolean {
  return error instanceof JetStreamApiError && error.code === JetStreamApiCodes.StreamNotFound;
}

export class Broker {
  readonly #url: string;
  readonly #name: string;
  readonly #logger: Logger;
  readonly #stop = new AbortController();
  #connection: NatsConnection | undefined;
  #up = false;
  #task: Promise<void> = Promise.resolve();

  constructor(url: string, name: string, logger: Logger) {
    this.#url = url;
    this.#name = name;
    this.#logger = logger;
  }

  start(): void {
    this.#task = this.#connect();
  }

  /** True when requests can be answered now. */
  get connected(): boolean {
    return this.#connection !== undefined && !this.#connection.isClosed() && this.#up;
  }

  /** A client; throws UNAVAILABLE while there is no connection. */
  jetstream(): JetStreamClient {
    return jetstream(this.#alive(), { timeout: REQUEST_TIMEOUT_MS });
  }

  async manager(): Promise<JetStreamManager> {
    return await jetstreamManager(this.#alive(), { timeout: REQUEST_TIMEOUT_MS, checkAPI: false });
  }

  async check(): Promise<void> {
    await this.#alive().flush();
  }

  /** Creates a stream by the mesh's rules, or leaves the one there is, whatever its limits are. */
  async ensureStream(name: string, subjects: string[]): Promise<void> {
    const manager = await this.manager();
    const known = await manager.streams.info(name).catch((error: unknown) => {
      if (isStreamNotFound(error)) return undefined;
      throw error;
    });
    if (known) return;
    await manager.streams.add({
      name,
      subjects,
      max_age: MAX_AGE_NANOS,
      duplicate_window: DUPLICATE_WINDOW_NANOS,
      num_replicas: 1,
    });
  }

  async stop(): Promise<void> {
    this.#stop.abort();
    await this.#connection?.close();
    await this.#task;
  }

  #alive(): NatsConnection {
    if (!this.#connection || !this.#up) throw new ServiceError("unavailable", "BROKER_UNREACHABLE", "no broker");
    return this.#connection;
  }

  async #connect(): Promise<void> {
    const { signal } = this.#stop;
    for (let attempt = 1; !signal.aborted; attempt += 1) {
      try {
        const connection = await connect({
          servers: this.#url.split(","),
          name: this.#name,
          maxReconnectAttempts: -1,
          reconnectTimeWait: RECONNECT_MS,
          timeout: REQUEST_TIMEOUT_MS,
          // Stack traces of requests that may fail one day cost more than the requests.
          noAsyncTraces: true,
        });
        this.#connection = connection;
        this.#up = true;
        this.#logger.info("broker connected");
        if (signal.aborted) await connection.close();
        return await this.#follow(connection);
      } catch (error) {
        if (attempt === 1) this.#logger.warn({ error }, "broker unreachable, trying on");
        await pause(backoffMs(attempt, 500, MAX_CONNECT_WAIT_MS), signal);
      }
    }
  }

  /** Tracks the state until the connection is closed. The client reconnects by itself. */
  async #follow(connection: NatsConnection): Promise<void> {
    for await (const { type } of connection.status()) {
      if (type === "disconnect") this.#up = false;
      if (type === "reconnect") this.#up = true;
      if (type === "disconnect" || type === "reconnect")
        this.#logger.info({ state: type }, "broker connection changed");
    }
    this.#up = false;
  }
}
