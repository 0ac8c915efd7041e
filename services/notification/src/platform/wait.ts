/** Waiting that always ends: time-outs, sleeps that a signal cuts short, backoff with jitter. */
import { ServiceError } from "./errors.ts";

/** Rejects with DEADLINE_EXCEEDED when `work` takes longer. The work itself goes on; its late failure is not unhandled. */
export async function withTimeout<T>(work: Promise<T>, timeoutMs: number, what: string): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    const error = () => new ServiceError("deadline_exceeded", "TIMEOUT", `${what}: no answer in ${timeoutMs} ms`);
    timer = setTimeout(() => reject(error()), timeoutMs);
  });
  work.catch(() => undefined);
  try {
    return await Promise.race([work, late]);
  } finally {
    clearTimeout(timer);
  }
}

/** Resolves after `ms`, or at once when `signal` is or becomes aborted. */
export function pause(ms: number, signal: AbortSignal): Promise<void> {
  if (signal.aborted) return Promise.resolve();
  return new Promise((resolve) => {
    const done = (): void => {
      clearTimeout(timer);
      signal.removeEventListener("abort", done);
      resolve();
    };
    const timer = setTimeout(done, ms);
    signal.addEventListener("abort", done, { once: true });
  });
}

/**
 * Milliseconds before try number `attempt` + 1: `base` doubled each time up to `max`, of which the upper half is random,
 * so that those who failed together do not come back together.
 */
export function backoffMs(attempt: number, base: number, max: number, random: () => number = Math.random): number {
  const whole = Math.min(max, base * 2 ** Math.max(0, Math.min(attempt - 1, 30)));
  return Math.round(whole / 2 + (whole / 2) * random());
}
