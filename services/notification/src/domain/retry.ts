/** When a failed try is followed by another. */
import { backoffMs } from "../platform/wait.ts";

export interface RetryPolicy {
  /** Tries in all, at least 1. */
  readonly maxAttempts: number;
  /** Rest after the first failed try, in milliseconds; doubled after each further one. */
  readonly baseMs: number;
  readonly maxMs: number;
}

/** The rest after failed try number `attempt` (from 1), with jitter; undefined when it was the last one. */
export function restAfter(attempt: number, policy: RetryPolicy, random?: () => number): number | undefined {
  if (attempt >= policy.maxAttempts) return undefined;
  return backoffMs(attempt, policy.baseMs, policy.maxMs, random);
}
