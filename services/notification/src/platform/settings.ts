/** Settings from the environment: typed, frozen, every problem in one report, secrets starred. */
import { z } from "zod";

const STARS = "***";
const CREDENTIALS = /\/\/[^/@\s]+@/g;

export type Environment = Readonly<Record<string, string | undefined>>;

/** Raised with one line `VARIABLE: what is wrong` for each problem, never with the value (it may be a secret). */
export class SettingsError extends Error {
  readonly problems: readonly string[];

  constructor(problems: readonly string[]) {
    super(`${problems.length} setting(s) to fix:\n${problems.map((line) => `  ${line}`).join("\n")}\n`);
    this.name = "SettingsError";
    this.problems = problems;
  }
}

const PORT = /^.+:(\d{1,4}|[1-5]\d{4}|6[0-4]\d{3}|65[0-4]\d\d|655[0-2]\d|6553[0-5])$/;

export const listenAddress = z.string().regex(PORT, { error: "must be host:port with a port from 0 to 65535" });
export const number = (least: number, most: number) => z.coerce.number().min(least).max(most);
export const integer = (least: number, most: number) => z.coerce.number().int().min(least).max(most);
export const required = z.string({ error: "required, not set" });
export const postgresUrl = required.regex(/^postgres(ql)?:\/\/./, { error: "must begin with postgres://" });

/** What every service with a PostgreSQL store can be told, beside its own `<SERVICE>_…` variables. */
export const commonSettings = {
  grpcListen: listenAddress.default("0.0.0.0:50051"),
  adminListen: listenAddress.default("0.0.0.0:9090"),
  logLevel: z.enum(["debug", "info", "warning", "error"]).default("info"),
  drainDelayS: number(0, 300).default(0),
  drainGraceS: number(0, 600).default(10),
  maxConcurrentRpcs: integer(1, 100_000).default(200),
  maxConnectionAgeS: number(1, 86_400).default(60),
  databaseUrl: postgresUrl,
  databasePoolMax: integer(1, 200).default(8),
  natsUrl: z.string().default("nats://127.0.0.1:4222"),
  environment: z.enum(["development", "production"]).default("development"),
  clockOffsetS: number(-1e9, 1e9).default(0),
  otlpEndpoint: z.string().optional(),
  liveFile: z.string().optional(),
};

/** Variables that carry no service prefix. */
export const commonNames: Readonly<Record<string, string>> = {
  natsUrl: "NATS_URL",
  environment: "BANYAN_ENVIRONMENT",
  clockOffsetS: "BANYAN_CLOCK_OFFSET_S",
  otlpEndpoint: "OTEL_EXPORTER_OTLP_ENDPOINT",
  liveFile: "BANYAN_LIVE_FILE",
};

/** `grpcListen` of service DEMO → `DEMO_GRPC_LISTEN`, unless `names` says otherwise. */
export function variableOf(prefix: string, key: string, names: Readonly<Record<string, string>>): string {
  return names[key] ?? `${prefix}_${key.replace(/[A-Z]/g, (letter) => `_${letter}`).toUpperCase()}`;
}

/** Reads and checks all settings of `schema`. An empty variable counts as not set. Throws SettingsError. */
export function load<S extends z.ZodRawShape>(
  prefix: string,
  schema: z.ZodObject<S>,
  names: Readonly<Record<string, string>>,
  environment: Environment,
): Readonly<z.infer<z.ZodObject<S>>> {
  const keys = Object.keys(schema.shape);
  const given = keys.map((key) => [key, environment[variableOf(prefix, key, names)] || undefined] as const);
  const problems: string[] = [];
  const result = schema.safeParse(Object.fromEntries(given));
  for (const issue of result.error?.issues ?? []) {
    problems.push(`${variableOf(prefix, String(issue.path[0]), names)}: ${issue.message}`);
  }
  if (environment["BANYAN_ENVIRONMENT"] === "production" && Number(environment["BANYAN_CLOCK_OFFSET_S"] || 0) !== 0) {
    problems.push("BANYAN_CLOCK_OFFSET_S: must be 0 in production");
  }
  if (!result.success || problems.length > 0) throw new SettingsError(problems.sort());
  return Object.freeze(result.data);
}

/** Every setting as text for the line at start. Credentials inside URLs and the keys in `secrets` are starred. */
export function describe(
  settings: Readonly<Record<string, unknown>>,
  secrets: readonly string[],
): Record<string, string> {
  const shown = Object.entries(settings).map(([key, value]) => {
    const text = String(value ?? "").replace(CREDENTIALS, `//${STARS}@`);
    return [key, secrets.includes(key) ? STARS : text] as const;
  });
  return Object.fromEntries(shown);
}
