/** What an outage of a provider makes of the calls to it: measured at the provider. */
import assert from "node:assert/strict";
import { afterEach, beforeEach, test } from "node:test";
import { PostgresStore } from "../../src/adapters/postgres-store.ts";
import { announce } from "../../src/events/announce.ts";
import { systemClock } from "../../src/platform/clock.ts";
import { Database } from "../../src/platform/database.ts";
import { createMetrics } from "../../src/platform/telemetry.ts";
import { eventually } from "../support/eventually.ts";
import { newDelivery } from "../support/fakes.ts";
import {
  createDatabase,
  newId,
  type Service,
  startService,
  type TestDatabase,
  testSettings,
} from "../support/harness.ts";
import { type ScriptedProvider, scriptedProvider } from "../support/provider.ts";

const MAX_AMPLIFICATION = 1.2;
let database: TestDatabase;
let direct: Database;
let provider: ScriptedProvider;
let service: Service;

beforeEach(async () => {
  database = await createDatabase();
  direct = new Database(database.url, 1, "test", createMetrics());
  provider = await scriptedProvider();
  // One at a time, so that the provider's pattern of answers is what the circuit breaker sees.
  const more = { NOTIFICATION_SMS_URL: provider.url, NOTIFICATION_SEND_CONCURRENCY: "1" };
  service = await startService(testSettings(database.url, { ...more, NATS_URL: "nats://127.0.0.1:1" }));
});

afterEach(async () => {
  await service.stop();
  await provider[Symbol.asyncDispose]();
  await direct.stop(1000);
  await database[Symbol.asyncDispose]();
});

async function metric(name: string): Promise<number> {
  const text = await (await fetch(`http://${service.addresses.admin}/metrics`)).text();
  return Number(new RegExp(`^${name}\\{upstream="sms"\\} (\\S+)`, "m").exec(text)?.[1] ?? Number.NaN);
}

/** So many short messages to send. */
async function add(count: number): Promise<void> {
  const clock = systemClock();
  const rows = Array.from({ length: count }, () =>
    newDelivery(clock, { id: newId(), eventId: newId(), userId: newId(), channel: "SMS", recipient: "+4930123456" }),
  );
  await new PostgresStore(direct, clock, announce).transaction((work) => work.addDeliveries(rows));
}

async function sent(): Promise<number> {
  const [row] = await database.sql<{ count: number }[]>`
    SELECT count(*)::int AS count FROM deliveries WHERE state = 'SENT'`;
  return row?.count ?? 0;
}

test("a provider that refuses four of five gets less than 1.2 calls for each message, and all of them afterwards", async () => {
  const WAVE = 100;
  const WAVES = 4;
  // Never five failures in a row: the circuit stays closed, and only the budget stands between them and eight tries each.
  provider.refuses = (n) => n % 5 !== 4;
  for (let n = 1; n <= WAVES; n += 1) {
    await add(WAVE);
    await eventually(() => new Set(provider.calls).size === n * WAVE, 30_000);
  }
  // What waits has been due for long by now.
  const began = performance.now();
  await eventually(() => performance.now() - began > 2000);
  const { length: calls } = provider.calls;
  const amplification = calls / (WAVES * WAVE);
  assert.ok(amplification < MAX_AMPLIFICATION, `${amplification} calls for each message`);
  assert.ok(calls > WAVES * WAVE, "some are repeated");
  const before = await metric("rpc_client_retries_total");
  assert.ok(before >= calls - WAVES * WAVE && before <= provider.calls.length - WAVES * WAVE);
  assert.equal(await metric("rpc_client_circuit_state"), 0);

  provider.refuses = () => false;
  await eventually(async () => (await sent()) === WAVES * WAVE, 40_000);
  assert.equal(await metric("rpc_client_retries_total"), provider.calls.length - WAVES * WAVE);
});

test("a provider that is away altogether gets five calls, then one when its circuit is tried", async () => {
  const MESSAGES = 50;
  provider.refuses = () => true;
  await add(MESSAGES);
  await eventually(() => provider.calls.length >= 5);
  assert.equal(await metric("rpc_client_circuit_state"), 2);
  await eventually(() => provider.calls.length >= 7, 15_000);
  assert.ok(
    provider.calls.length < MAX_AMPLIFICATION * MESSAGES && provider.calls.length <= 8,
    `${provider.calls.length}`,
  );
  provider.refuses = () => false;
  await eventually(async () => (await sent()) === MESSAGES, 30_000);
  assert.equal(await metric("rpc_client_circuit_state"), 0);
});
