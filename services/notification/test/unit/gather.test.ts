import assert from "node:assert/strict";
import { test } from "node:test";
import { Gather } from "../../src/platform/gather.ts";

test("what is asked in one turn is answered together, each with its own answer", async () => {
  const asked: (readonly number[])[] = [];
  const gather = new Gather<number, string>(async (questions) => {
    asked.push(questions);
    return questions.map((question) => `answer ${question}`);
  });
  const early = [gather.ask(1), gather.ask(2)];
  const late = Promise.resolve()
    .then(() => undefined)
    .then(() => gather.ask(3));
  assert.deepEqual(await Promise.all([...early, late]), ["answer 1", "answer 2", "answer 3"]);
  assert.deepEqual(asked, [[1, 2, 3]]);
  assert.equal(await gather.ask(4), "answer 4");
  assert.deepEqual(asked[1], [4]);
});

test("a failure is everyone's, and the next ones are asked anew", async () => {
  let fail = true;
  const gather = new Gather<number, number>(async (questions) => {
    if (fail) throw new Error("no");
    return questions;
  });
  const outcomes = await Promise.allSettled([gather.ask(1), gather.ask(2)]);
  assert.deepEqual(
    outcomes.map(({ status }) => status),
    ["rejected", "rejected"],
  );
  fail = false;
  assert.equal(await gather.ask(3), 3);
});

test("an answer that is missing is a failure, not a wait without end", async () => {
  const gather = new Gather<number, number>(async () => []);
  await assert.rejects(gather.ask(1), /0 answers to 1 questions/);
});
