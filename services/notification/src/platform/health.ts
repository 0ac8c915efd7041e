/** Readiness from checks, told through grpc.health.v1 and /readyz; liveness: no background task has died. */
import { create, fromBinary, toBinary } from "@bufbuild/protobuf";
import type { ServerUnaryCall, ServerWritableStream, sendUnaryData, UntypedHandleCall } from "@grpc/grpc-js";
import {
  HealthCheckRequestSchema,
  HealthCheckResponseSchema,
  HealthListResponseSchema,
  HealthCheckResponse_ServingStatus as Serving,
} from "../gen/grpc/health/v1/health_pb.js";
import { ServiceError } from "./errors.ts";
import { failureOf } from "./grpc-status.ts";
import { withTimeout } from "./wait.ts";

const CHECK_INTERVAL_MS = 2000;
const CHECK_TIMEOUT_MS = 1000;

/** Rejects when the thing is not usable now. */
export type Check = () => Promise<void>;

export interface Readiness {
  readonly ready: boolean;
  /** Name of each check → `ok` or why not. */
  readonly checks: Readonly<Record<string, string>>;
}

type Stream = ServerWritableStream<Uint8Array, Uint8Array>;

export class Health {
  /** What must work before calls are taken. */
  readonly #required: Readonly<Record<string, Check>>;
  /** Told at /readyz, but a service serves without it. */
  readonly #optional: Readonly<Record<string, Check>>;
  readonly #services: readonly string[];
  readonly #watchers = new Set<() => void>();
  /** Background tasks that ended and never should: the process is to be restarted. */
  readonly failures: readonly string[];
  #draining = false;
  #serving = false;
  #timer: NodeJS.Timeout | undefined;

  constructor(
    services: readonly string[],
    required: Record<string, Check>,
    optional: Record<string, Check> = {},
    failures: readonly string[] = [],
  ) {
    this.failures = failures;
    this.#services = ["", ...services];
    this.#required = required;
    this.#optional = optional;
  }

  /** Runs the checks now, then every two seconds. */
  async start(): Promise<void> {
    await this.check();
    this.#timer = setTimeout(() => void this.start(), CHECK_INTERVAL_MS);
    if (this.#draining) clearTimeout(this.#timer);
  }

  async check(): Promise<Readiness> {
    const required = await results(this.#required);
    const optional = await results(this.#optional);
    const ready = !this.#draining && Object.values(required).every((result) => result === "ok");
    this.#setServing(ready);
    return { ready, checks: { ...required, ...optional, ...(this.#draining ? { drain: "draining" } : {}) } };
  }

  /** Not ready from now on. */
  drain(): void {
    this.#draining = true;
    clearTimeout(this.#timer);
    this.#setServing(false);
  }

  #setServing(serving: boolean): void {
    if (serving === this.#serving) return;
    this.#serving = serving;
    for (const tell of this.#watchers) tell();
  }

  #status(service: string): Serving {
    if (!this.#services.includes(service)) return Serving.SERVICE_UNKNOWN;
    return this.#serving ? Serving.SERVING : Serving.NOT_SERVING;
  }

  /** grpc-js handlers of grpc.health.v1.Health, over bytes. */
  handlers(): Record<string, UntypedHandleCall> {
    const answer = (service: string) =>
      toBinary(HealthCheckResponseSchema, create(HealthCheckResponseSchema, { status: this.#status(service) }));
    return {
      Check: (call: ServerUnaryCall<Uint8Array, Uint8Array>, reply: sendUnaryData<Uint8Array>) => {
        const { service } = fromBinary(HealthCheckRequestSchema, call.request);
        if (this.#services.includes(service)) return reply(null, answer(service));
        reply(failureOf(new ServiceError("not_found", "UNKNOWN_SERVICE", "unknown service"), "health").object);
      },
      List: (_call: ServerUnaryCall<Uint8Array, Uint8Array>, reply: sendUnaryData<Uint8Array>) => {
        const statuses = Object.fromEntries(
          this.#services.map((service) => [service, { status: this.#status(service) }]),
        );
        reply(null, toBinary(HealthListResponseSchema, create(HealthListResponseSchema, { statuses })));
      },
      Watch: (call: Stream) => {
        const { service } = fromBinary(HealthCheckRequestSchema, call.request);
        const tell = (): void => void call.write(answer(service));
        this.#watchers.add(tell);
        call.on("cancelled", () => {
          this.#watchers.delete(tell);
          call.end();
        });
        tell();
      },
    };
  }
}

async function results(checks: Readonly<Record<string, Check>>): Promise<Record<string, string>> {
  const one = async ([name, check]: [string, Check]): Promise<[string, string]> => {
    try {
      await withTimeout(check(), CHECK_TIMEOUT_MS, name);
      return [name, "ok"];
    } catch (error) {
      return [name, error instanceof ServiceError ? error.message : "unreachable"];
    }
  };
  return Object.fromEntries(await Promise.all(Object.entries(checks).map(one)));
}
