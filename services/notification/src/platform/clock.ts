/** Time and time-ordered ids: the one place that reads the system clock. */
import { randomBytes } from "node:crypto";

export interface Clock {
  now(): Date;
}

/** The system's clock, moved by `offsetSeconds` (outside production only; settings refuse it there). */
export function systemClock(offsetSeconds = 0): Clock {
  return { now: () => new Date(Date.now() + offsetSeconds * 1000) };
}

/** UUIDv7 text: 48 bits of `clock`'s milliseconds, then 74 random bits. Ids of different milliseconds sort by time. */
export function uuid7(clock: Clock): string {
  const bytes = randomBytes(16);
  bytes.writeUIntBE(clock.now().getTime(), 0, 6);
  bytes[6] = 0x70 | ((bytes[6] ?? 0) & 0x0f);
  bytes[8] = 0x80 | ((bytes[8] ?? 0) & 0x3f);
  const hex = bytes.toString("hex");
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`;
}
