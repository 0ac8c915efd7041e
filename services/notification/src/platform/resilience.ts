/** What stands around every call out: time-out, bounded concurrency, circuit breaker. The only user of cockatiel. */
import {
  BrokenCircuitError,
  type BulkheadPolicy,
  BulkheadRejectedError,
  bulkhead,
  type CircuitBreakerPolicy,
  CircuitState,
  ConsecutiveBreaker,
  circuitBreaker,
  handleWhen,
} from "cockatiel";
import { ServiceError } from "./errors.ts";
import type { Metrics } from "./telemetry.ts";
import { withTimeout } from "./wait.ts";

export interface GuardOptions {
  /** The upstream in metrics. */
  readonly name: string;
  readonly metrics: Metrics;
  readonly timeoutMs: number;
  readonly maxConcurrent: number;
  /** Failures in a row that open the circuit. */
  readonly failuresToOpen: number;
  /** How long it stays open before one call may try. */
  readonly openMs: number;
  /** Whether an error says that the other side is in trouble; a refusal of one request does not. */
  readonly isFault: (error: unknown) => boolean;
}

/** As `rpc_client_circuit_state` tells them. */
const GAUGE = {
  [CircuitState.Closed]: 0,
  [CircuitState.HalfOpen]: 1,
  [CircuitState.Open]: 2,
  [CircuitState.Isolated]: 2,
} as const;

/** The call was not made: the circuit is open or the bulkhead is full. */
export class NotTriedError extends Error {
  override readonly name = "NotTriedError";
}

export class Guard {
  readonly #options: GuardOptions;
  readonly #breaker: CircuitBreakerPolicy;
  readonly #bulkhead: BulkheadPolicy;
  #openUntil = 0;

  constructor(options: GuardOptions) {
    this.#options = options;
    this.#bulkhead = bulkhead(options.maxConcurrent);
    this.#breaker = circuitBreaker(handleWhen(options.isFault), {
      halfOpenAfter: options.openMs,
      breaker: new ConsecutiveBreaker(options.failuresToOpen),
    });
    this.#breaker.onBreak(() => {
      this.#openUntil = performance.now() + options.openMs;
    });
    const { metrics, name: upstream } = options;
    metrics.circuitState.set({ upstream }, GAUGE[CircuitState.Closed]);
    this.#breaker.onStateChange((state) => metrics.circuitState.set({ upstream }, GAUGE[state]));
  }

  /** Runs `call` with a signal that aborts at the time-out. Rejects with NotTriedError when it may not run. */
  async run<T>(call: (signal: AbortSignal) => Promise<T>): Promise<T> {
    try {
      return await this.#bulkhead.execute(() => this.#breaker.execute(() => this.#measured(call)));
    } catch (error) {
      if (error instanceof BrokenCircuitError) throw new NotTriedError("circuit open");
      if (error instanceof BulkheadRejectedError) throw new NotTriedError("bulkhead full");
      throw error;
    }
  }

  async #measured<T>(call: (signal: AbortSignal) => Promise<T>): Promise<T> {
    const { timeoutMs, name, metrics, isFault } = this.#options;
    const started = performance.now();
    const cut = new AbortController();
    let status = "OK";
    try {
      return await withTimeout(call(cut.signal), timeoutMs, name);
    } catch (error) {
      cut.abort();
      const late = error instanceof ServiceError && error.reason === "TIMEOUT";
      status = late ? "DEADLINE_EXCEEDED" : isFault(error) ? "UNAVAILABLE" : "INVALID_ARGUMENT";
      throw error;
    } finally {
      const labels = { upstream: name, rpc_method: "send", grpc_status: status };
      metrics.clientDuration.observe(labels, (performance.now() - started) / 1000);
    }
  }

  /** True while the circuit is open and not yet due for a trial. */
  get open(): boolean {
    return this.#breaker.state === CircuitState.Open && performance.now() < this.#openUntil;
  }
}
