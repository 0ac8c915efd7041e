import assert from "node:assert/strict";
import { mkdtemp, rename, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { test } from "node:test";
import { Live, LiveFileError } from "../../src/platform/live.ts";
import { createLogger } from "../../src/platform/logger.ts";
import { createMetrics, type Metrics } from "../../src/platform/telemetry.ts";
import { childOf, sampleNewTraces } from "../../src/platform/trace-context.ts";
import { eventually } from "../support/eventually.ts";

/** A process that obeys a file, as Kubernetes mounts a ConfigMap: a link into a folder that is exchanged as a whole. */
class Told implements AsyncDisposable {
  readonly lines: string[] = [];
  readonly logger = createLogger("demo", "info", { write: (line) => void this.lines.push(line) });
  readonly metrics: Metrics = createMetrics();
  readonly deaths: string[] = [];
  readonly file: string;
  readonly live: Live;
  readonly #folder: string;

  private constructor(folder: string) {
    this.#folder = folder;
    this.file = join(folder, "live.json");
    const onDeath = (what: string): void => void this.deaths.push(what);
    const { file, logger, metrics } = this;
    this.live = new Live({ file, level: "info", logger, metrics, onDeath, lookEveryMs: 5 });
  }

  static async by(text: string): Promise<Told> {
    const told = new Told(await mkdtemp(join(tmpdir(), "live-")));
    await told.exchange(text);
    await symlink("..data/live.json", told.file);
    return told;
  }

  async exchange(text: string): Promise<void> {
    const made = await mkdtemp(`${this.#folder}/..v`);
    await writeFile(join(made, "live.json"), text);
    await symlink(basename(made), `${this.#folder}/..next`);
    await rename(`${this.#folder}/..next`, `${this.#folder}/..data`);
  }

  logged(words: string): boolean {
    return this.lines.some((line) => line.includes(words));
  }

  async reloads(outcome: string): Promise<number> {
    const { values } = await this.metrics.liveReloads.get();
    return values.find(({ labels }) => labels["outcome"] === outcome)?.value ?? 0;
  }

  async valid(): Promise<number | undefined> {
    return (await this.metrics.liveValid.get()).values[0]?.value;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.live.stop();
    await rm(this.#folder, { recursive: true });
    sampleNewTraces(100);
    assert.deepEqual(this.deaths, []);
  }
}

test("live settings are applied while it runs", async () => {
  await using told = await Told.by("{}");
  await told.live.start();
  told.logger.debug("too fine");
  assert.equal(told.logged("too fine"), false);
  assert.equal(childOf(undefined).sampled, true);
  assert.equal(await told.valid(), 1);
  await told.exchange('{"log_level": "debug", "trace_percent": 0}');
  await eventually(async () => (await told.reloads("applied")) === 1);
  told.logger.debug("fine enough");
  assert.ok(told.logged("fine enough") && told.logged("live settings applied"));
  assert.equal(childOf(undefined).sampled, false);
  assert.equal(childOf({ traceId: "1".repeat(32), spanId: "2".repeat(16), sampled: true }).sampled, true);
  await told.exchange('{"log_level": null}');
  await eventually(async () => (await told.reloads("applied")) === 2);
  told.logger.debug("too fine again");
  assert.equal(told.logged("too fine again"), false);
  assert.equal(childOf(undefined).sampled, true);
});

test("a bad file of live settings changes nothing until it is mended, and one that goes away means the defaults", async () => {
  await using told = await Told.by('{"log_level": "debug"}');
  await told.live.start();
  await told.exchange('{"log_level": "loud", "trace_percent": 101}');
  await eventually(async () => (await told.reloads("refused")) > 0);
  told.logger.debug("still fine");
  assert.ok(told.logged("still fine"));
  assert.equal(await told.valid(), 0);
  assert.ok(told.lines.some((line) => line.includes("log_level: ") && line.includes("trace_percent: ")));
  await told.exchange("{}");
  await eventually(async () => (await told.valid()) === 1);
  await rm(told.file);
  await eventually(async () => (await told.reloads("applied")) === 2);
});

test("a bad file of live settings keeps the service from starting", async () => {
  const large = `{"log_level": "${"x".repeat(65_536)}"}`;
  for (const text of ['{"log_levle": "debug"}', "[]", "", "{} {}", '{"trace_percent": null}', large]) {
    await using told = await Told.by(text);
    await assert.rejects(told.live.start(), LiveFileError, text.slice(0, 30));
  }
});

test("without a file nothing is looked at", async () => {
  await using told = await Told.by("{}");
  const { logger, metrics } = told;
  const live = new Live({ file: undefined, level: "info", logger, metrics, onDeath: () => assert.fail() });
  await live.start();
  await live.stop();
  assert.equal(await told.valid(), 0);
});
