/**
 * Settings that change while the service runs: one JSON file, looked at every two seconds, applied when it is good. In a
 * cluster it is a ConfigMap mounted as a folder, which Kubernetes renews in place; here it is any file.
 */
import { open } from "node:fs/promises";
import { z } from "zod";
import type { Component } from "./lifecycle.ts";
import { type Logger, type LogLevel, setLevel } from "./logger.ts";
import { Loop } from "./loop.ts";
import type { Metrics } from "./telemetry.ts";
import { sampleNewTraces } from "./trace-context.ts";

const LOOK_EVERY_MS = 2000;
const LARGEST_BYTES = 65_536;

const schema = z.strictObject({
  /** None: as at the start. */
  log_level: z.enum(["debug", "info", "warning", "error"]).nullish(),
  /** Of the traces that begin here, those that are recorded; every service after it does as it is told. */
  trace_percent: z.number().min(0).max(100).default(100),
});

/** The file can't be read, or says what no setting can be; the text names every problem, never a value. */
export class LiveFileError extends Error {
  readonly loggable = true;

  constructor(message: string) {
    super(message);
    this.name = "LiveFileError";
  }
}

export interface LiveOptions {
  /** Undefined: nothing is looked at. */
  readonly file: string | undefined;
  /** The log level at the start. */
  readonly level: LogLevel;
  readonly logger: Logger;
  readonly metrics: Metrics;
  readonly onDeath: (what: string) => void;
  readonly lookEveryMs?: number;
}

/**
 * A file that is bad at the start keeps the service from starting, as bad settings do. One that becomes bad changes nothing,
 * and is logged and counted until it is mended. One that goes away means: all as by default.
 */
export class Live implements Component {
  readonly name = "live settings";
  readonly #options: LiveOptions;
  readonly #loop: Loop;
  #seen: string | undefined;

  constructor(options: LiveOptions) {
    this.#options = options;
    const { logger, metrics, onDeath, lookEveryMs = LOOK_EVERY_MS } = options;
    // An alert's rate needs a zero to rise from.
    for (const outcome of ["applied", "refused"]) metrics.liveReloads.inc({ outcome }, 0);
    const step = () => this.#look().then(() => false);
    this.#loop = new Loop({ name: this.name, intervalMs: lookEveryMs, logger, onDeath, step });
  }

  /** Reads the file once. Rejects with LiveFileError when it is bad. */
  async start(): Promise<void> {
    if (this.#options.file === undefined) return;
    this.#take(await content(this.#options.file));
    this.#options.metrics.liveValid.set(1);
    this.#loop.start();
  }

  async stop(): Promise<void> {
    await this.#loop.stop();
  }

  async #look(): Promise<void> {
    const { file = "", logger, metrics } = this.#options;
    try {
      const found = await content(file);
      if (found === this.#seen) return;
      const settings = this.#take(found);
      logger.info({ settings }, "live settings applied");
    } catch (error) {
      if (!(error instanceof LiveFileError)) throw error;
      metrics.liveReloads.inc({ outcome: "refused" });
      metrics.liveValid.set(0);
      logger.error({ error, file }, "live settings refused, the old ones stay");
      return;
    }
    metrics.liveReloads.inc({ outcome: "applied" });
    metrics.liveValid.set(1);
  }

  #take(found: string | undefined): z.infer<typeof schema> {
    this.#seen = found;
    const settings = parsed(found ?? "{}");
    setLevel(this.#options.logger, settings.log_level ?? this.#options.level);
    sampleNewTraces(settings.trace_percent);
    return settings;
  }
}

/** Undefined when there is no such file. */
async function content(file: string): Promise<string | undefined> {
  try {
    await using opened = await open(file);
    const buffer = Buffer.alloc(LARGEST_BYTES + 1);
    const { bytesRead } = await opened.read(buffer, 0, buffer.length, 0);
    if (bytesRead > LARGEST_BYTES) throw new LiveFileError(`more than ${LARGEST_BYTES} bytes`);
    return buffer.toString("utf8", 0, bytesRead);
  } catch (error) {
    if (error instanceof LiveFileError) throw error;
    const { code } = error as NodeJS.ErrnoException;
    if (code === "ENOENT") return undefined;
    throw new LiveFileError(`can't be read: ${code}`);
  }
}

function parsed(text: string): z.infer<typeof schema> {
  let document: unknown;
  try {
    document = JSON.parse(text);
  } catch {
    throw new LiveFileError("no JSON");
  }
  const result = schema.safeParse(document);
  if (result.success) return result.data;
  const said = result.error.issues.map(({ path, message }) => (path.length > 0 ? `${path.join(".")}: ` : "") + message);
  throw new LiveFileError(said.join("; "));
}
