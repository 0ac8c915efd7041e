import assert from "node:assert/strict";
import { test } from "node:test";
import { uuid7 } from "../../src/platform/clock.ts";
import { ServiceError } from "../../src/platform/errors.ts";
import { Loop } from "../../src/platform/loop.ts";
import { childOf, formatTraceparent, parseTraceparent } from "../../src/platform/trace-context.ts";
import { backoffMs, pause, withTimeout } from "../../src/platform/wait.ts";
import { eventually } from "../support/eventually.ts";
import { FakeClock } from "../support/fakes.ts";
import { memoryLogger } from "../support/harness.ts";
import { fc } from "../support/property.ts";

test("ids are valid UUIDv7 and sort by time", () => {
  const clock = new FakeClock();
  let last = "";
  for (let i = 0; i < 200; i += 1) {
    clock.advance(1);
    const id = uuid7(clock);
    assert.match(id, /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
    assert.ok(id > last);
    last = id;
  }
});

test("a trace is read back from its header, and nonsense is no trace", () => {
  const trace = childOf(undefined);
  assert.deepEqual(parseTraceparent(formatTraceparent(trace)), trace);
  assert.equal(childOf(trace).traceId, trace.traceId);
  for (const bad of [undefined, "", "x", `00-${"0".repeat(32)}-${"1".repeat(16)}-01`])
    assert.equal(parseTraceparent(bad), undefined);
});

test("rests double up to their limit, and at least half of each is kept", () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 1000 }), fc.double({ min: 0, max: 1, noNaN: true }), (attempt, random) => {
      const rest = backoffMs(attempt, 100, 5000, () => random);
      const whole = Math.min(5000, 100 * 2 ** Math.min(attempt - 1, 30));
      assert.ok(rest >= Math.floor(whole / 2) && rest <= whole);
    }),
  );
});

test("a wait that is too long ends with DEADLINE_EXCEEDED", async () => {
  const never = new Promise<void>(() => undefined);
  await assert.rejects(
    withTimeout(never, 5, "it"),
    (error) => error instanceof ServiceError && error.kind === "deadline_exceeded",
  );
});

test("a pause ends at once when it is called off", async () => {
  const off = new AbortController();
  const paused = pause(60_000, off.signal);
  off.abort();
  await paused;
  await pause(60_000, off.signal);
});

test("personal data and secrets do not reach the log, neither as fields nor inside errors", () => {
  const { logger, lines } = memoryLogger();
  const error = Object.assign(new Error("550 <ada@example.test> unknown"), {
    responseCode: 550,
    rejected: ["ada@example.test"],
  });
  logger.warn({ email: "ada@example.test", delivery: { recipient: "+4930123456" }, token: "tok", error }, "not sent");
  assert.doesNotMatch(lines.join(), /ada@|\+49|tok"/);
  const line = JSON.parse(lines[0] ?? "") as Record<string, unknown>;
  assert.equal(line["level"], "warning");
  assert.equal(line["event"], "not sent");
  assert.equal((line["error"] as Record<string, unknown>)["response_code"], 550);
});

test("a loop rests between rounds, runs at once when woken, and outlives a failing step", async () => {
  const { logger, lines } = memoryLogger();
  let rounds = 0;
  const deaths: string[] = [];
  const step = async () => {
    rounds += 1;
    if (rounds === 2) throw new Error("once");
    return false;
  };
  const loop = new Loop({ name: "it", intervalMs: 60_000, logger, onDeath: (what) => deaths.push(what), step });
  loop.start();
  await eventually(() => rounds === 1);
  loop.wake();
  await eventually(() => rounds === 3);
  await loop.stop();
  assert.match(lines.join(), /background step failed/);
  assert.deepEqual(deaths, []);
});
