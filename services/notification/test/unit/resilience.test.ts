import assert from "node:assert/strict";
import { test } from "node:test";
import { NotTriedError } from "../../src/platform/resilience.ts";
import { eventually } from "../support/eventually.ts";
import { guard } from "../support/guard.ts";

/** Values of `rpc_client_circuit_state`. */
const CLOSED = 0;
const HALF_OPEN = 1;
const OPEN = 2;

test("the circuit opens after failures in a row, refuses without calling and tells it in a metric", async () => {
  const { guard: one, state, calls } = guard();
  const fail = () => Promise.reject(new Error("down"));
  for (let i = 0; i < 2; i += 1) await assert.rejects(one.run(fail), /down/);
  assert.equal(one.open, true);
  await assert.rejects(
    one.run(() => Promise.resolve()),
    NotTriedError,
  );
  assert.equal(await state(), OPEN);
  assert.deepEqual(await calls(), { UNAVAILABLE: 3 });
});

test("an open circuit lets a trial through when its time has come, and closes after success", async () => {
  const { guard: one } = guard({ openMs: 5, failuresToOpen: 1 });
  await assert.rejects(one.run(() => Promise.reject(new Error("down"))));
  await eventually(() => !one.open);
  assert.equal(await one.run(() => Promise.resolve("up")), "up");
  assert.equal(one.open, false);
});

test("a refusal of one request is no reason to open the circuit", async () => {
  const { guard: one } = guard({ isFault: () => false });
  for (let i = 0; i < 10; i += 1)
    await assert.rejects(
      one.run(() => Promise.reject(new Error("bad address"))),
      /bad address/,
    );
  assert.equal(one.open, false);
});

test("more calls than slots are refused, a call that hangs is cut at its limit, and both are counted", async () => {
  const { guard: one, calls } = guard({ timeoutMs: 20 });
  const hanging = one.run(
    (signal) => new Promise<void>((_, reject) => signal.addEventListener("abort", () => reject(signal.reason))),
  );
  await assert.rejects(
    one.run(() => Promise.resolve()),
    NotTriedError,
  );
  await assert.rejects(hanging);
  assert.deepEqual(await calls(), { RESOURCE_EXHAUSTED: 1, DEADLINE_EXCEEDED: 1 });
});

test("one call at a time tries a half-open circuit; its failure opens it again for all who waited for it", async () => {
  const { guard: one, state, calls } = guard({ openMs: 5, failuresToOpen: 1, maxConcurrent: 4 });
  await assert.rejects(one.run(() => Promise.reject(new Error("down"))));
  await eventually(() => !one.open);
  const trial = Promise.withResolvers<void>();
  let made = 0;
  const call = () => {
    made += 1;
    return trial.promise;
  };
  const outcomes = Promise.allSettled(Array.from({ length: 4 }, () => one.run(call)));
  await eventually(async () => made === 1 && (await state()) === HALF_OPEN);
  trial.reject(new Error("still down"));
  const errors = (await outcomes).map((outcome) => (outcome.status === "rejected" ? outcome.reason : undefined));
  assert.equal(errors.filter((error) => error instanceof NotTriedError).length, 3);
  assert.equal(made, 1);
  assert.equal(await state(), OPEN);
  assert.deepEqual(await calls(), { UNAVAILABLE: 5 });
});

test("one call at a time tries a half-open circuit; its success closes it for all who waited for it", async () => {
  const { guard: one, state, calls } = guard({ openMs: 5, failuresToOpen: 1, maxConcurrent: 4 });
  await assert.rejects(one.run(() => Promise.reject(new Error("down"))));
  await eventually(() => !one.open);
  const trial = Promise.withResolvers<void>();
  let made = 0;
  const outcomes = Array.from({ length: 4 }, () =>
    one.run(() => {
      made += 1;
      return trial.promise;
    }),
  );
  await eventually(async () => made === 1 && (await state()) === HALF_OPEN);
  trial.resolve();
  await Promise.all(outcomes);
  assert.equal(await state(), CLOSED);
  assert.deepEqual(await calls(), { UNAVAILABLE: 1, OK: 4 });
});
