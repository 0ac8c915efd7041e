/** Time and time-ordered ids: the one place that reads the system clock. */
import { randomUUID } from "node:crypto";

export interface Clock {
  now(): Date;
}

/** The system's clock, moved by `offsetSeconds` (outside production only; settings refuse it there). */
export function systemClock(offsetSeconds = 0): Clock {
  return { now: () => new Date(Date.now() + offsetSeconds * 1000) };
}

/** UUIDv7 text: 48 bits of `clock`'s milliseconds, then 74 random bits. Ids of different milliseconds sort by time. */
export function uuid7(clock: Clock): string {
  const time = clock.now().getTime().toString(16).padStart(12, "0");
  // Node makes random UUIDs in batches, which random bytes are not; their version digit is at index 14.
  return `${time.slice(0, 8)}-${time.slice(8)}-7${randomUUID().slice(15)}`;
}
