/** What callers may do wrong, and what a sender may meet. */
import { ServiceError, type Violation } from "../platform/errors.ts";

export class PreferencesError extends ServiceError {
  constructor(violations: readonly Violation[]) {
    const fields = violations.map(({ field }) => field).join(", ");
    super("invalid_argument", "INVALID_PREFERENCES", `the preferences are not valid: ${fields}`, { violations });
  }
}

export class PageTokenError extends ServiceError {
  constructor() {
    const violations = [{ field: "page_token", description: "must come from an earlier answer" }];
    super("invalid_argument", "INVALID_PAGE_TOKEN", "the page token is not valid", { violations });
  }
}

/** The person's address is not known yet: `user.registered` comes by another stream and may be later. */
export class ContactUnknownError extends ServiceError {
  constructor() {
    super("failed_precondition", "CONTACT_UNKNOWN", "the person is not known yet");
  }
}

/** The provider did not take the message. */
export class SendError extends Error {
  override readonly name = "SendError";
  readonly loggable = true;
  /** UPPER_SNAKE: `TIMEOUT`, `PROVIDER_UNAVAILABLE`, `RECIPIENT_REFUSED`, ... */
  readonly reason: string;
  /** Whether another try may succeed. */
  readonly retryable: boolean;

  constructor(reason: string, retryable: boolean, cause?: unknown) {
    super(`not sent: ${reason}`, { cause });
    this.reason = reason;
    this.retryable = retryable;
  }
}

/** The provider was not asked, because it is known to be in trouble: no try is used up. */
export class ProviderDownError extends Error {
  override readonly name = "ProviderDownError";
}
