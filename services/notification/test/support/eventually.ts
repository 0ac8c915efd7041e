/** Waiting for what comes by itself, with an end. */

/** Calls `probe` until it returns without throwing and not undefined or false; rejects with the last reason at the deadline. */
export async function eventually<T>(
  probe: () => Promise<T | undefined | false> | T | undefined | false,
  deadlineMs = 10_000,
): Promise<T> {
  const end = performance.now() + deadlineMs;
  let last: unknown = new Error("never became true");
  for (let rest = 5; performance.now() < end; rest = Math.min(100, rest * 2)) {
    try {
      const value = await probe();
      if (value !== undefined && value !== false) return value;
    } catch (error) {
      last = error;
    }
    await new Promise((resolve) => setTimeout(resolve, rest));
  }
  throw last;
}
