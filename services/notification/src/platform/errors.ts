/** Error kinds and how they look on the wire: the canonical status, ErrorInfo, BadRequest and RetryInfo. */
import { status } from "@grpc/grpc-js";

/** The canonical status of each kind of error. */
export const KINDS = {
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
} as const;

export type Kind = keyof typeof KINDS;

export interface Violation {
  /** Path by proto names: `preferences.channels[0]`. */
  readonly field: string;
  readonly description: string;
}

/** An error that a caller is meant to see. `reason` is for programs (UPPER_SNAKE), `message` for developers. */
export class ServiceError extends Error {
  readonly loggable = true;
  readonly kind: Kind;
  readonly reason: string;
  readonly violations: readonly Violation[];
  readonly retryAfterSeconds: number | undefined;

  constructor(
    kind: Kind,
    reason: string,
    message: string,
    more: { violations?: readonly Violation[]; retryAfterSeconds?: number } = {},
  ) {
    super(message);
    this.name = new.target.name;
    this.kind = kind;
    this.reason = reason;
    this.violations = more.violations ?? [];
    this.retryAfterSeconds = more.retryAfterSeconds;
  }
}
