/** A gRPC client of the service under test, from the same descriptors, with deadlines and identity. */
import {
  create,
  type DescMethodUnary,
  fromBinary,
  type MessageInitShape,
  type MessageShape,
  toBinary,
} from "@bufbuild/protobuf";
import { anyUnpack } from "@bufbuild/protobuf/wkt";
import { Client, credentials, Metadata, type ServiceError } from "@grpc/grpc-js";
import { BadRequestSchema, ErrorInfoSchema, RetryInfoSchema } from "../../src/gen/google/rpc/error_details_pb.js";
import { StatusSchema } from "../../src/gen/google/rpc/status_pb.js";

export interface Answer<M> {
  readonly message: M;
  readonly initialMetadata: Metadata;
}

/** A call's error as a caller sees it. */
export interface Refusal {
  readonly code: number;
  readonly message: string;
  readonly reason: string;
  readonly domain: string;
  readonly violations: { field: string; description: string }[];
  readonly retryAfterSeconds: number | undefined;
}

export class TestClient implements Disposable {
  readonly #client: Client;

  constructor(target: string) {
    this.#client = new Client(target, credentials.createInsecure());
  }

  /** Calls as `user` (empty: nobody); `deadlineMs` 0 sends no deadline, `signal` cancels. Rejects with grpc-js's error. */
  call<D extends DescMethodUnary>(
    method: D,
    request: MessageInitShape<D["input"]>,
    more: { user?: string; metadata?: Record<string, string>; deadlineMs?: number; signal?: AbortSignal } = {},
  ): Promise<Answer<MessageShape<D["output"]>>> {
    const metadata = new Metadata();
    if (more.user) metadata.set("banyan-user", more.user);
    for (const [name, value] of Object.entries(more.metadata ?? {})) metadata.set(name, value);
    const deadlineMs = more.deadlineMs ?? 5000;
    const options = deadlineMs > 0 ? { deadline: Date.now() + deadlineMs } : {};
    const path = `/${method.parent.typeName}/${method.name}`;
    const serialize = (message: MessageShape<D["input"]>) => Buffer.from(toBinary(method.input, message));
    const parse = (data: Buffer) => fromBinary(method.output, data) as MessageShape<D["output"]>;
    const message = create(method.input, request) as MessageShape<D["input"]>;
    return new Promise((resolve, reject) => {
      let initialMetadata = new Metadata();
      const call = this.#client.makeUnaryRequest(
        path,
        serialize,
        parse,
        message,
        metadata,
        options,
        (error, response) => {
          if (error || !response) reject(error);
          else resolve({ message: response, initialMetadata });
        },
      );
      more.signal?.addEventListener("abort", () => call.cancel());
      call.on("metadata", (received) => {
        initialMetadata = received;
      });
    });
  }

  /** Sends bytes as they are. */
  raw(path: string, data: Uint8Array, metadata: Metadata): Promise<Buffer> {
    const asIs = (bytes: Uint8Array) => Buffer.from(bytes);
    const options = { deadline: Date.now() + 5000 };
    return new Promise((resolve, reject) => {
      this.#client.makeUnaryRequest(path, asIs, asIs, data, metadata, options, (error, response) =>
        error || !response ? reject(error) : resolve(response),
      );
    });
  }

  /** Waits for a refusal and reads its details. */
  async refused(call: Promise<unknown>): Promise<Refusal> {
    try {
      await call;
    } catch (error) {
      return refusalOf(error as ServiceError);
    }
    throw new Error("the call was answered");
  }

  get channel(): Client {
    return this.#client;
  }

  [Symbol.dispose](): void {
    this.#client.close();
  }
}

function refusalOf(error: ServiceError): Refusal {
  const [details] = error.metadata.get("grpc-status-details-bin");
  const packed = details ? fromBinary(StatusSchema, Buffer.from(details)).details : [];
  const find = <T>(read: (any: (typeof packed)[number]) => T | undefined) => packed.map(read).find(Boolean);
  const info = find((any) => anyUnpack(any, ErrorInfoSchema));
  const bad = find((any) => anyUnpack(any, BadRequestSchema));
  const retry = find((any) => anyUnpack(any, RetryInfoSchema))?.retryDelay;
  return {
    code: error.code,
    message: error.details,
    reason: info?.reason ?? "",
    domain: info?.domain ?? "",
    violations: (bad?.fieldViolations ?? []).map(({ field, description }) => ({ field, description })),
    retryAfterSeconds: retry ? Number(retry.seconds) + retry.nanos / 1e9 : undefined,
  };
}
