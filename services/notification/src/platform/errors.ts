/** Errors that a caller is meant to see: a kind, a reason for programs, a message for developers. */

/** The canonical codes of gRPC, in words. */
export type Kind =
  | "cancelled"
  | "unknown"
  | "invalid_argument"
  | "deadline_exceeded"
  | "not_found"
  | "already_exists"
  | "permission_denied"
  | "resource_exhausted"
  | "failed_precondition"
  | "aborted"
  | "out_of_range"
  | "unimplemented"
  | "internal"
  | "unavailable"
  | "unauthenticated";

export interface Violation {
  /** Path by proto names: `items[0].quantity`. */
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
