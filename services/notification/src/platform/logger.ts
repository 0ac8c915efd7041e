/** Structured logs: one JSON object a line on stderr with trace ids; ids, never payloads. */
import { type DestinationStream, destination, type Logger as Pino, pino } from "pino";
import { currentTrace } from "./trace-context.ts";

export type Logger = Pino;
export type LogLevel = "debug" | "info" | "warning" | "error";

const PERSONAL = ["email", "to", "recipient", "address", "phone", "phoneNumber", "pushToken", "displayName", "body"];
const SECRET = ["password", "token", "authorization", "databaseUrl", "smtpUrl", "cookie"];
const NAMES = [...PERSONAL, ...SECRET];

/** The process's logger. The redaction list is the second line of defence: callers log ids in the first place. */
export function createLogger(service: string, level: LogLevel, stream?: DestinationStream): Logger {
  return pino(
    {
      level: nameOf(level),
      base: { service },
      messageKey: "event",
      timestamp: () => `,"time":"${new Date().toISOString()}"`,
      formatters: { level: (label) => ({ level: label === "warn" ? "warning" : label }) },
      mixin: () => {
        const trace = currentTrace();
        return { trace_id: trace?.traceId ?? "", span_id: trace?.spanId ?? "" };
      },
      redact: { paths: [...NAMES, ...NAMES.map((name) => `*.${name}`)], censor: "***" },
      serializers: { error: describeError },
    },
    stream ?? destination({ fd: 2, sync: true }),
  );
}

/** From now on this logger writes what is at least of that level. */
export function setLevel(logger: Logger, level: LogLevel): void {
  logger.level = nameOf(level);
}

function nameOf(level: LogLevel): string {
  return level === "warning" ? "warn" : level;
}

/**
 * What of an error may be logged: its class, its code and where it was raised. Messages of drivers and mail servers quote
 * addresses and values, so they are left out unless the error is one of ours (marked `loggable`).
 */
export function describeError(error: unknown): Record<string, unknown> {
  if (!(error instanceof Error)) return { name: typeof error };
  const { code, responseCode, reason, loggable } = error as Error & Record<string, unknown>;
  const described: Record<string, unknown> = { name: error.name };
  if (typeof code === "string" || typeof code === "number") described["code"] = code;
  if (typeof responseCode === "number") described["response_code"] = responseCode;
  if (typeof reason === "string") described["reason"] = reason;
  if (loggable === true || error instanceof TypeError) described["message"] = error.message;
  const frames = (error.stack ?? "").split("\n").filter((line) => line.trimStart().startsWith("at "));
  if (frames.length > 0) described["stack"] = frames.slice(0, 8).map((line) => line.trim());
  return described;
}
