/** A gRPC server whose definitions come from descriptors: bind, connection ageing, bounded stop. */
import type { DescMethod, DescService, MessageShape } from "@bufbuild/protobuf";
import {
  type MethodDefinition,
  Server,
  ServerCredentials,
  type ServiceDefinition,
  type UntypedHandleCall,
} from "@grpc/grpc-js";
import type { CallContext } from "./context.ts";
import type { Chain, Handler } from "./grpc-chain.ts";

const MAX_MESSAGE_BYTES = 1024 * 1024;
const AGE_GRACE_MS = 10_000;

/** One async function for each unary RPC of a service. */
export type Servicer<S extends DescService> = {
  [K in keyof S["method"]]: (
    request: MessageShape<S["method"][K]["input"]>,
    context: CallContext,
  ) => Promise<MessageShape<S["method"][K]["output"]>>;
};

export class GrpcServer {
  readonly #server: Server;
  #address = "";

  /** Connections are closed after `maxConnectionAgeSeconds`, so that new replicas get traffic within that time. */
  constructor(options: { maxConnectionAgeSeconds: number }) {
    this.#server = new Server({
      "grpc.max_connection_age_ms": options.maxConnectionAgeSeconds * 1000,
      "grpc.max_connection_age_grace_ms": AGE_GRACE_MS,
      "grpc.max_receive_message_length": MAX_MESSAGE_BYTES,
    });
  }

  /** Adds a service whose every RPC is unary and answered by `servicer` behind `chain`. */
  add<S extends DescService>(service: S, servicer: Servicer<S>, chain: Chain): void {
    const handlers: Record<string, UntypedHandleCall> = {};
    for (const method of service.methods) {
      const answer = (servicer as unknown as Record<string, Handler>)[method.localName];
      if (!answer) throw new TypeError(`${method.name} has no handler`);
      handlers[method.name] = chain.unary(method, answer.bind(servicer)) as UntypedHandleCall;
    }
    this.addRaw(service, handlers);
  }

  /** Adds a service with grpc-js handlers that see bytes; for the platform's own services. */
  addRaw(service: DescService, handlers: Record<string, UntypedHandleCall>): void {
    this.#server.addService(definitionOf(service), handlers);
  }

  /** Binds `host:port`, port 0 for any. Returns the address. */
  async start(listen: string): Promise<string> {
    const port = await new Promise<number>((resolve, reject) => {
      this.#server.bindAsync(listen, ServerCredentials.createInsecure(), (error, bound) =>
        error ? reject(error) : resolve(bound),
      );
    });
    this.#address = `${listen.slice(0, listen.lastIndexOf(":"))}:${port}`;
    return this.#address;
  }

  /** Stops accepting, lets calls end for `graceMs`, then cuts what is left. */
  async stop(graceMs: number): Promise<void> {
    await new Promise<void>((resolve) => {
      const timer = setTimeout(() => this.#server.forceShutdown(), graceMs);
      this.#server.tryShutdown(() => {
        clearTimeout(timer);
        resolve();
      });
    });
  }
}

const asIs = (bytes: Uint8Array): Buffer => Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);

/** Messages pass as bytes: parsing is the chain's, which knows how to refuse a malformed one. */
export function definitionOf(service: DescService): ServiceDefinition {
  const entries = service.methods.map((method) => [method.name, methodDefinition(method)] as const);
  return Object.fromEntries(entries);
}

function methodDefinition(method: DescMethod): MethodDefinition<Uint8Array, Uint8Array> {
  return {
    path: `/${method.parent.typeName}/${method.name}`,
    requestStream: method.methodKind === "client_streaming" || method.methodKind === "bidi_streaming",
    responseStream: method.methodKind === "server_streaming" || method.methodKind === "bidi_streaming",
    requestSerialize: asIs,
    requestDeserialize: (bytes: Buffer) => bytes,
    responseSerialize: asIs,
    responseDeserialize: (bytes: Buffer) => bytes,
  };
}
