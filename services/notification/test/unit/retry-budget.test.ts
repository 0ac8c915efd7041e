import assert from "node:assert/strict";
import { test } from "node:test";
import { NotTriedError } from "../../src/platform/resilience.ts";
import { RetryBudget } from "../../src/platform/retry-budget.ts";
import { guard } from "../support/guard.ts";

/** How many repetitions are granted at once. */
function granted(budget: RetryBudget): number {
  let count = 0;
  while (budget.take()) count += 1;
  return count;
}

test("the budget starts with ten repetitions, gets one for ten first calls and one in two seconds, and keeps ten", () => {
  let now = 0;
  const budget = new RetryBudget(() => now);
  assert.equal(granted(budget), 10);
  assert.equal(budget.available, false);
  for (let i = 0; i < 20; i += 1) budget.earn();
  now += 2000;
  assert.equal(granted(budget), 3);
  now += 1000;
  assert.equal(budget.available, false);
  now += 3_600_000;
  for (let i = 0; i < 1000; i += 1) budget.earn();
  assert.equal(granted(budget), 10);
});

test("a repetition that is served, refused for itself or not made gives its token back; one that fails does not", async () => {
  const bad = new Error("bad address");
  const isFault = (error: unknown) => error !== bad;
  const { guard: one, retries, calls } = guard({ failuresToOpen: 1000, isFault });
  for (let i = 0; i < 20; i += 1) {
    await one.run(() => Promise.resolve(), true);
    await assert.rejects(
      one.run(() => Promise.reject(bad), true),
      bad,
    );
  }
  const fail = () => Promise.reject(new Error("down"));
  for (let i = 0; i < 10; i += 1) await assert.rejects(one.run(fail, true), /down/);
  assert.equal(one.mayRepeat, false);
  await assert.rejects(one.run(fail, true), NotTriedError);
  await assert.rejects(one.run(fail), /down/, "a first call needs no budget");
  assert.equal(await retries(), 50);
  assert.deepEqual(await calls(), { OK: 20, INVALID_ARGUMENT: 20, UNAVAILABLE: 11 });
});

test("a repetition that the open circuit refuses is none, and costs nothing", async () => {
  const { guard: one, retries } = guard({ failuresToOpen: 1 });
  await assert.rejects(one.run(() => Promise.reject(new Error("down"))));
  for (let i = 0; i < 20; i += 1)
    await assert.rejects(
      one.run(() => Promise.resolve(), true),
      NotTriedError,
    );
  assert.equal(one.mayRepeat, true);
  assert.equal(await retries(), 0);
});
