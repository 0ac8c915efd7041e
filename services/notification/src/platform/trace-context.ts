/** The W3C trace a piece of work belongs to, carried through async calls and written into every log line. */
import { AsyncLocalStorage } from "node:async_hooks";
import { randomUUID } from "node:crypto";

export interface TraceContext {
  /** 32 hex digits. */
  readonly traceId: string;
  /** 16 hex digits. */
  readonly spanId: string;
  readonly sampled: boolean;
}

const storage = new AsyncLocalStorage<TraceContext>();
/** Of the traces that begin in this process, those that are recorded. */
let share = 1;
const TRACEPARENT = /^[0-9a-f]{2}-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})/;

/** From now on `percent` (0 to 100) of the traces that begin in this process are marked to be recorded. */
export function sampleNewTraces(percent: number): void {
  share = percent / 100;
}

export function currentTrace(): TraceContext | undefined {
  return storage.getStore();
}

export function withTrace<T>(trace: TraceContext, work: () => T): T {
  return storage.run(trace, work);
}

/** Reads a `traceparent` header; undefined when it is missing or not valid. */
export function parseTraceparent(header: string | undefined): TraceContext | undefined {
  const [, traceId, spanId, flags] = TRACEPARENT.exec(header ?? "") ?? [];
  if (!traceId || !spanId || !flags || /^0+$/.test(traceId) || /^0+$/.test(spanId)) return undefined;
  return { traceId, spanId, sampled: (Number.parseInt(flags, 16) & 1) === 1 };
}

export function formatTraceparent(trace: TraceContext): string {
  return `00-${trace.traceId}-${trace.spanId}-${trace.sampled ? "01" : "00"}`;
}

/** A span of the same trace as `parent`, or the first of a new one. */
export function childOf(parent: TraceContext | undefined): TraceContext {
  return {
    traceId: parent?.traceId ?? randomUUID().replaceAll("-", ""),
    spanId: randomSpanId(),
    sampled: parent?.sampled ?? (share >= 1 || Math.random() < share),
  };
}

/** The random digits at both ends of a UUID; version and variant stand between them. */
function randomSpanId(): string {
  const id = randomUUID();
  return `${id.slice(0, 4)}${id.slice(24)}`;
}
