import assert from "node:assert/strict";
import { beforeEach, test } from "node:test";
import { MemoryStore } from "../../src/adapters/memory-store.ts";
import { Deliver } from "../../src/app/deliver.ts";
import { ProviderDownError, SendError } from "../../src/domain/errors.ts";
import { announce } from "../../src/events/announce.ts";
import { plainTracer } from "../../src/platform/tracing.ts";
import { eventually } from "../support/eventually.ts";
import { FakeClock, FakeSender, newDelivery } from "../support/fakes.ts";
import { memoryLogger } from "../support/harness.ts";

const LEASE_MS = 60_000;
let clock: FakeClock;
let store: MemoryStore;
let sender: FakeSender;
let outcomes: string[];
let deliver: Deliver;
let idle: number;

beforeEach(() => {
  clock = new FakeClock();
  store = new MemoryStore(clock, announce);
  sender = new FakeSender();
  outcomes = [];
  idle = 0;
  deliver = new Deliver({
    channel: "EMAIL",
    store,
    sender,
    clock,
    logger: memoryLogger().logger,
    tracer: plainTracer(),
    retry: { maxAttempts: 8, baseMs: 1000, maxMs: 60_000 },
    concurrency: 3,
    leaseMs: LEASE_MS,
    downRestMs: 5000,
    onOutcome: (outcome) => outcomes.push(outcome),
    onIdle: () => {
      idle += 1;
    },
    random: () => 1,
  });
});

async function round(): Promise<void> {
  await deliver.step();
  await deliver.settled();
}

async function add(count = 1): Promise<void> {
  const deliveries = Array.from({ length: count }, () => newDelivery(clock));
  await store.transaction((work) => work.addDeliveries(deliveries));
}

const states = async () => (await store.deliveriesOf("user-1", undefined, 100)).map(({ state }) => state);
const attempts = async () => (await store.deliveriesOf("user-1", undefined, 1))[0]?.attemptCount;
const temporary = () => new SendError("PROVIDER_UNAVAILABLE", true);

test("a due delivery is sent once with its id as key, recorded and announced", async () => {
  await add();
  await round();
  await round();
  assert.deepEqual(await states(), ["SENT"]);
  assert.equal(sender.sent.length, 1);
  assert.equal(sender.sent[0]?.id, (await store.deliveriesOf("user-1", undefined, 1))[0]?.id);
  assert.deepEqual(
    store.announced.map(({ subject }) => subject),
    ["notification.sent"],
  );
  assert.deepEqual(outcomes, ["sent"]);
});

test("no more are sent at once than there are slots", async () => {
  await add(5);
  await round();
  assert.equal(sender.sent.length, 3);
  await round();
  assert.equal(sender.sent.length, 5);
});

test("a temporary failure is tried again after a growing rest, under the same id", async () => {
  sender.failures.push(temporary(), temporary());
  await add();
  await round();
  await round();
  assert.equal(await attempts(), 1);
  clock.advance(1000);
  await round();
  assert.equal(await attempts(), 2);
  clock.advance(1000);
  await round();
  assert.equal(await attempts(), 2, "the second rest is twice the first");
  clock.advance(1000);
  await round();
  assert.deepEqual(await states(), ["SENT"]);
  assert.equal(sender.sent[0]?.attempt, 3);
  assert.deepEqual(outcomes, ["retried", "retried", "sent"]);
});

test("the eighth failure is the last: FAILED and announced with its reason", async () => {
  sender.failures.push(...Array.from({ length: 8 }, temporary));
  await add();
  for (let i = 0; i < 12; i += 1) {
    await round();
    clock.advance(61_000);
  }
  assert.deepEqual(await states(), ["FAILED"]);
  assert.equal(await attempts(), 8);
  assert.deepEqual(outcomes, [...Array.from({ length: 7 }, () => "retried"), "failed"]);
  assert.deepEqual(
    store.announced.map(({ subject }) => subject),
    ["notification.failed"],
  );
});

test("a refusal of the recipient is final at once", async () => {
  sender.failures.push(new SendError("RECIPIENT_REFUSED", false));
  await add();
  await round();
  assert.deepEqual(await states(), ["FAILED"]);
  assert.equal(await attempts(), 1);
});

test("a provider that is known to be down costs no try", async () => {
  sender.failures.push(...Array.from({ length: 20 }, () => new ProviderDownError()));
  await add();
  for (let i = 0; i < 20; i += 1) {
    await round();
    clock.advance(5000);
  }
  assert.deepEqual(await states(), ["PENDING"]);
  assert.equal(await attempts(), 0);
  await round();
  assert.deepEqual(await states(), ["SENT"]);
});

test("nothing is claimed while the circuit is open", async () => {
  sender.available = false;
  await add();
  await round();
  assert.equal(await attempts(), 0);
});

test("a sender that died while sending is followed by another after its lease, under the same id", async () => {
  await add();
  const [lost] = await store.claim("EMAIL", 1, LEASE_MS, true);
  await round();
  assert.equal(sender.sent.length, 0);
  clock.advance(LEASE_MS);
  await round();
  assert.equal(sender.sent[0]?.id, lost?.delivery.id);
  const late = { claim: lost as NonNullable<typeof lost>, result: { state: "SENT" }, traceparent: "" } as const;
  assert.deepEqual([...(await store.record([late]))], [], "the dead one's claim is void");
  assert.equal(store.announced.length, 1);
});

test("one that died in its last try is given up, not sent a ninth time", async () => {
  await add();
  for (let i = 0; i < 8; i += 1) {
    await store.claim("EMAIL", 1, LEASE_MS, true);
    clock.advance(LEASE_MS);
  }
  await round();
  assert.equal(sender.sent.length, 0);
  assert.deepEqual(await states(), ["FAILED"]);
});

test("an outcome that can't be recorded at first is recorded later, and the message is not sent again", async (context) => {
  await add();
  const mark = context.mock.method(store, "record", store.record.bind(store));
  mark.mock.mockImplementationOnce(() => Promise.reject(new Error("database gone")), 0);
  mark.mock.mockImplementationOnce(() => Promise.reject(new Error("database gone")), 1);
  await round();
  assert.equal(mark.mock.callCount(), 3);
  assert.equal(sender.sent.length, 1);
  assert.deepEqual(await states(), ["SENT"]);
});

test("what ends together is recorded together, and one that hangs holds up no other", async (context) => {
  const mark = context.mock.method(store, "record", store.record.bind(store));
  const hanging = Promise.withResolvers<void>();
  const send = context.mock.method(sender, "send", sender.send.bind(sender));
  send.mock.mockImplementationOnce(() => hanging.promise, 2);
  await add(3);
  await deliver.step();
  await eventually(async () => (await states()).filter((state) => state === "SENT").length === 2);
  assert.equal(mark.mock.callCount(), 1);
  hanging.resolve();
  await deliver.settled();
  assert.deepEqual(await states(), ["SENT", "SENT", "SENT"]);
  assert.equal(mark.mock.callCount(), 2);
});

test("a slot that becomes free asks for more only when more may be due", async () => {
  await add(4);
  await round();
  assert.equal(idle, 3, "the look was full");
  await round();
  assert.equal(idle, 3, "the last look saw the end");
});
