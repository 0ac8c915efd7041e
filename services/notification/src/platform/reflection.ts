/** grpc.reflection.v1 out of the same descriptors that the server is built from. */
import {
  create,
  type DescFile,
  type DescService,
  fromBinary,
  type MessageInitShape,
  toBinary,
} from "@bufbuild/protobuf";
import { FileDescriptorProtoSchema } from "@bufbuild/protobuf/wkt";
import { type ServerDuplexStream, status, type UntypedHandleCall } from "@grpc/grpc-js";
import {
  type ServerReflectionRequest,
  ServerReflectionRequestSchema,
  ServerReflectionResponseSchema,
} from "../gen/grpc/reflection/v1/reflection_pb.js";

type Answer = NonNullable<MessageInitShape<typeof ServerReflectionResponseSchema>["messageResponse"]>;

/** grpc-js handlers of grpc.reflection.v1.ServerReflection, over bytes. */
export function reflectionHandlers(services: readonly DescService[]): Record<string, UntypedHandleCall> {
  return {
    ServerReflectionInfo: (call: ServerDuplexStream<Uint8Array, Uint8Array>) => {
      call.on("data", (data: Uint8Array) => {
        const request = fromBinary(ServerReflectionRequestSchema, data);
        const messageResponse = answer(services, request);
        const response = create(ServerReflectionResponseSchema, { originalRequest: request, messageResponse });
        call.write(toBinary(ServerReflectionResponseSchema, response));
      });
      call.on("end", () => call.end());
    },
  };
}

function answer(services: readonly DescService[], { messageRequest }: ServerReflectionRequest): Answer {
  switch (messageRequest.case) {
    case "listServices":
      return { case: "listServicesResponse", value: { service: services.map(({ typeName }) => ({ name: typeName })) } };
    case "fileByFilename":
      return files(services, (file) => `${file.name}.proto` === messageRequest.value);
    case "fileContainingSymbol":
      return files(services, (file) => declares(file, messageRequest.value));
    default:
      return { case: "errorResponse", value: { errorCode: status.UNIMPLEMENTED, errorMessage: "not supported" } };
  }
}

function declares(file: DescFile, symbol: string): boolean {
  const types = [...file.services, ...file.messages, ...file.enums, ...file.extensions];
  return types.some(({ typeName }) => symbol === typeName || symbol.startsWith(`${typeName}.`));
}

function files(services: readonly DescService[], wanted: (file: DescFile) => boolean): Answer {
  const found = withImports(services.map(({ file }) => file)).find(wanted);
  if (!found) return { case: "errorResponse", value: { errorCode: status.NOT_FOUND, errorMessage: "not known" } };
  const fileDescriptorProto = withImports([found]).map((file) => toBinary(FileDescriptorProtoSchema, file.proto));
  return { case: "fileDescriptorResponse", value: { fileDescriptorProto } };
}

/** The files and all they import, each once. */
function withImports(roots: readonly DescFile[]): DescFile[] {
  const seen = new Set<DescFile>();
  const visit = (file: DescFile): void => {
    if (seen.has(file)) return;
    seen.add(file);
    file.dependencies.forEach(visit);
  };
  roots.forEach(visit);
  return [...seen];
}
