/** What stands around every call out: time-out, bounded concurrency, circuit breaker, retry budget. The only user of cockatiel. */
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
import { RetryBudget } from "./retry-budget.ts";
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

/** The call was not made: the circuit is open, the bulkhead is full, or the retry budget has nothing left for a repetition. */
export class NotTriedError extends Error {
  override readonly name = "NotTriedError";
}

export class Guard {
  readonly #options: GuardOptions;
  readonly #breaker: CircuitBreakerPolicy;
  readonly #bulkhead: BulkheadPolicy;
  readonly #budget = new RetryBudget();
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
    metrics.clientRetries.inc({ upstream }, 0);
    this.#breaker.onStateChange((state) => metrics.circuitState.set({ upstream }, GAUGE[state]));
  }

  /**
   * Runs `call` with a signal that aborts at the time-out; `repeated` when what it asks for was asked before. Rejects with
   * NotTriedError when it may not run, which is measured as a call all the same: UNAVAILABLE for an open circuit,
   * RESOURCE_EXHAUSTED for a full bulkhead. A repetition beyond the budget is no call and is not measured.
   */
  async run<T>(call: (signal: AbortSignal) => Promise<T>, repeated = false): Promise<T> {
    if (repeated && !this.#budget.take()) throw new NotTriedError("retry budget spent");
    const started = performance.now();
    try {
      const result = await this.#bulkhead.execute(() => this.#breaker.execute(() => this.#measured(call, repeated)));
      if (repeated) this.#budget.giveBack();
      return result;
    } catch (error) {
      const [status, why] = refusalOf(error);
      if (repeated && (status || !this.#options.isFault(error))) this.#budget.giveBack();
      if (!status) throw error;
      this.#observe(status, started);
      throw new NotTriedError(why);
    }
  }

  async #measured<T>(call: (signal: AbortSignal) => Promise<T>, repeated: boolean): Promise<T> {
    const { timeoutMs, name, isFault, metrics } = this.#options;
    if (repeated) metrics.clientRetries.inc({ upstream: name });
    else this.#budget.earn();
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
      this.#observe(status, started);
    }
  }

  #observe(grpc_status: string, started: number): void {
    const { metrics, name: upstream } = this.#options;
    const seconds = (performance.now() - started) / 1000;
    metrics.clientDuration.observe({ upstream, rpc_method: "send", grpc_status }, seconds);
  }

  /** Whether the budget has something left for a repetition. */
  get mayRepeat(): boolean {
    return this.#budget.available;
  }

  /** True while the circuit is open and not yet due for a trial. */
  get open(): boolean {
    return this.#breaker.state === CircuitState.Open && performance.now() < this.#openUntil;
  }
}

/** The status and the words for a call that was not made; nothing for any other error. */
function refusalOf(error: unknown): [status: string, why: string] | [] {
  if (error instanceof BrokenCircuitError) return ["UNAVAILABLE", "circuit open"];
  if (error instanceof BulkheadRejectedError) return ["RESOURCE_EXHAUSTED", "bulkhead full"];
  return [];
}
