/** Turns whatever a handler threw into a gRPC status with `google.rpc.Status` details. */
import { create, toBinary } from "@bufbuild/protobuf";
import { type Any, anyPack } from "@bufbuild/protobuf/wkt";
import { Metadata, type StatusObject, status } from "@grpc/grpc-js";
import { BadRequestSchema, ErrorInfoSchema, RetryInfoSchema } from "../gen/google/rpc/error_details_pb.js";
import { StatusSchema } from "../gen/google/rpc/status_pb.js";
import { type Kind, ServiceError } from "./errors.ts";

const CODES: Record<Kind, status> = {
  cancelled: status.CANCELLED,
  unknown: status.UNKNOWN,
  invalid_argument: status.INVALID_ARGUMENT,
  deadline_exceeded: status.DEADLINE_EXCEEDED,
  not_found: status.NOT_FOUND,
  already_exists: status.ALREADY_EXISTS,
  permission_denied: status.PERMISSION_DENIED,
  resource_exhausted: status.RESOURCE_EXHAUSTED,
  failed_precondition: status.FAILED_PRECONDITION,
  aborted: status.ABORTED,
  out_of_range: status.OUT_OF_RANGE,
  unimplemented: status.UNIMPLEMENTED,
  internal: status.INTERNAL,
  unavailable: status.UNAVAILABLE,
  unauthenticated: status.UNAUTHENTICATED,
};

export const DETAILS_KEY = "grpc-status-details-bin";

/** `expected` is false for a fault of ours, which the caller sees as INTERNAL without its text. */
export interface Failure {
  readonly expected: boolean;
  readonly reason: string;
  readonly object: StatusObject;
}

export function failureOf(error: unknown, domain: string): Failure {
  const known = error instanceof ServiceError ? error : undefined;
  const shown = known ?? new ServiceError("internal", "INTERNAL", "internal error");
  const code = CODES[shown.kind];
  const metadata = new Metadata();
  const details = toBinary(
    StatusSchema,
    create(StatusSchema, { code, message: shown.message, details: packed(shown, domain) }),
  );
  metadata.set(DETAILS_KEY, Buffer.from(details));
  return { expected: known !== undefined, reason: shown.reason, object: { code, details: shown.message, metadata } };
}

function packed(error: ServiceError, domain: string): Any[] {
  const details = [anyPack(ErrorInfoSchema, create(ErrorInfoSchema, { reason: error.reason, domain }))];
  if (error.violations.length > 0) {
    const fieldViolations = error.violations.map(({ field, description }) => ({ field, description }));
    details.push(anyPack(BadRequestSchema, create(BadRequestSchema, { fieldViolations })));
  }
  if (error.retryAfterSeconds !== undefined) {
    const seconds = Math.floor(error.retryAfterSeconds);
    const nanos = Math.round((error.retryAfterSeconds - seconds) * 1e9);
    const retryDelay = { seconds: BigInt(seconds), nanos };
    details.push(anyPack(RetryInfoSchema, create(RetryInfoSchema, { retryDelay })));
  }
  return details;
}

/** `OK`, `NOT_FOUND`, ... for metrics and logs. */
export function statusName(code: number): string {
  return status[code] ?? "UNKNOWN";
}
