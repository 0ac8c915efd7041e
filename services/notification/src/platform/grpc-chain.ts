/** What happens around every handler: observe → shed → identify and check access → validate → answer. */
import { type DescMethod, fromBinary, getOption, type Message, toBinary } from "@bufbuild/protobuf";
import { Metadata, type ServerUnaryCall, type StatusObject, status } from "@grpc/grpc-js";
import { Access, access } from "../gen/banyan/options/v1/options_pb.js";
import { type CallContext, type Identity, identityOf, withCallSignal } from "./context.ts";
import { ServiceError } from "./errors.ts";
import { type Failure, failureOf, statusName } from "./grpc-status.ts";
import type { Logger } from "./logger.ts";
import type { Metrics } from "./telemetry.ts";
import type { Tracer } from "./tracing.ts";
import type { Validate } from "./validation.ts";

const SLOW_SECONDS = 0.5;
const SHED_RETRY_AFTER_SECONDS = 0.2;
/** A caller cancels at its own deadline, and that may come in just before our timer for the same deadline. */
const DEADLINE_TOLERANCE_MS = 20;

export type RawCall = ServerUnaryCall<Uint8Array, Uint8Array>;
export type Reply = (error: StatusObject | null, response: Uint8Array | null) => void;
export type Handler = (request: Message, context: CallContext) => Promise<Message>;

export interface ChainOptions {
  readonly domain: string;
  readonly maxConcurrentRpcs: number;
  readonly metrics: Metrics;
  readonly logger: Logger;
  readonly tracer: Tracer;
  readonly validate: Validate;
}

/** The chain of a server; `inFlight` is shared by all of its methods. */
export class Chain {
  readonly #options: ChainOptions;
  #inFlight = 0;

  constructor(options: ChainOptions) {
    this.#options = options;
  }

  /** The grpc-js handler of one unary method. */
  unary(method: DescMethod, handler: Handler): (call: RawCall, reply: Reply) => void {
    const name = `${method.parent.typeName}/${method.name}`;
    return (call, reply) => {
      const parent = String(call.metadata.get("traceparent")[0] ?? "");
      const answered = this.#options.tracer.span(name, "server", parent, () =>
        this.#observe(method, handler, call, reply),
      );
      // #observe turns every error into a status; what is left is a fault of this file.
      answered.catch((error: unknown) => this.#options.logger.error({ error, rpc: name }, "chain failed"));
    };
  }

  async #observe(method: DescMethod, handler: Handler, call: RawCall, reply: Reply): Promise<void> {
    const { metrics, domain } = this.#options;
    const started = performance.now();
    const gone = new AbortController();
    call.once("cancelled", () => gone.abort(goneError(call)));
    let code: number = status.OK;
    let failure: Failure | undefined;
    let response: Uint8Array | null = null;
    try {
      response = await withCallSignal(gone.signal, () => this.#shed(method, handler, call));
    } catch (error) {
      failure = failureOf(error, domain);
      code = failure.object.code;
      this.#logFailure(method, failure, error);
    }
    if (call.cancelled) code = isLate(call) ? status.DEADLINE_EXCEEDED : status.CANCELLED;
    else reply(failure?.object ?? null, response);
    const seconds = (performance.now() - started) / 1000;
    metrics.rpcDuration.observe(
      { rpc_service: method.parent.typeName, rpc_method: method.name, grpc_status: statusName(code) },
      seconds,
    );
    if (seconds > SLOW_SECONDS) {
      this.#options.logger.warn({ rpc: method.name, duration_ms: Math.round(seconds * 1000) }, "slow call");
    }
  }

  async #shed(method: DescMethod, handler: Handler, call: RawCall): Promise<Uint8Array> {
    const { metrics, maxConcurrentRpcs } = this.#options;
    if (this.#inFlight >= maxConcurrentRpcs) {
      metrics.rpcShed.inc();
      const retryAfterSeconds = SHED_RETRY_AFTER_SECONDS;
      throw new ServiceError("resource_exhausted", "OVERLOADED", "too many calls in flight", { retryAfterSeconds });
    }
    metrics.rpcInFlight.set(++this.#inFlight);
    try {
      return await this.#answer(method, handler, call);
    } finally {
      metrics.rpcInFlight.set(--this.#inFlight);
    }
  }

  async #answer(method: DescMethod, handler: Handler, call: RawCall): Promise<Uint8Array> {
    const deadline = call.getDeadline();
    if (deadline === Number.POSITIVE_INFINITY) this.#options.metrics.rpcNoDeadline.inc();
    const identity = identityOf(call.metadata);
    checkAccess(method, identity);
    const request = parse(method, call.request);
    this.#options.validate(method.input, request);
    const context: CallContext = {
      identity,
      method: `/${method.parent.typeName}/${method.name}`,
      setInitialMetadata: (key, value) => {
        const metadata = new Metadata();
        metadata.set(key, value);
        call.sendMetadata(metadata);
      },
    };
    return toBinary(method.output, await handler(request, context));
  }

  #logFailure(method: DescMethod, failure: Failure, error: unknown): void {
    const fields = { rpc: method.name, status: statusName(failure.object.code), reason: failure.reason };
    if (failure.expected) this.#options.logger.debug(fields, "call refused");
    else this.#options.logger.error({ ...fields, error }, "call failed");
  }
}

function isLate(call: RawCall): boolean {
  return Number(call.getDeadline()) - DEADLINE_TOLERANCE_MS < Date.now();
}

/** Why the caller waits no more; it is not sent, for there is nobody to read it. */
function goneError(call: RawCall): ServiceError {
  if (isLate(call))
    return new ServiceError("deadline_exceeded", "DEADLINE_EXCEEDED", "the caller's deadline has passed");
  return new ServiceError("cancelled", "CANCELLED", "the caller has cancelled");
}

/** INTERNAL passes: the edge has no route to such a method, and the network lets only the mesh in. */
export function checkAccess(method: DescMethod, identity: Identity): void {
  const needed = getOption(method, access);
  if (needed !== Access.USER && needed !== Access.STAFF) return;
  if (!identity.userId) {
    throw new ServiceError("unauthenticated", "UNAUTHENTICATED", "this call needs a signed-in user");
  }
  if (needed === Access.STAFF && !identity.roles.has("staff")) {
    throw new ServiceError("permission_denied", "STAFF_ONLY", "this call needs the staff role");
  }
}

function parse(method: DescMethod, data: Uint8Array): Message {
  try {
    return fromBinary(method.input, data);
  } catch {
    throw new ServiceError("invalid_argument", "MALFORMED_REQUEST", "the request cannot be parsed");
  }
}
