/** Work ends when nobody waits for it any more: the server's statements with it. */
import assert from "node:assert/strict";
import { after, afterEach, before, beforeEach, test } from "node:test";
import { status } from "@grpc/grpc-js";
import { Channel } from "../../src/gen/banyan/notification/v1/notification_pb.js";
import { NotificationService } from "../../src/gen/banyan/notification/v1/notification_service_pb.js";
import { withCallSignal } from "../../src/platform/context.ts";
import { Database } from "../../src/platform/database.ts";
import { createMetrics } from "../../src/platform/telemetry.ts";
import { TestClient } from "../support/client.ts";
import { eventually } from "../support/eventually.ts";
import {
  createDatabase,
  newId,
  type Service,
  startService,
  type TestDatabase,
  testSettings,
} from "../support/harness.ts";

const { getPreferences, updatePreferences } = NotificationService.method;
/** The caller's patience, and how soon after it the server's statement must be gone; by itself it would run for 5 s. */
const DEADLINE_MS = 300;
const SOON_MS = 1500;
const SECOND = { channels: [Channel.EMAIL], mutedTemplates: ["welcome"] };
let database: TestDatabase;
let service: Service;
let client: TestClient;
let user: string;

before(async () => {
  database = await createDatabase();
});

after(async () => {
  await database[Symbol.asyncDispose]();
});

beforeEach(async () => {
  service = await startService(testSettings(database.url, { NOTIFICATION_DATABASE_POOL_MAX: "1" }));
  client = new TestClient(service.addresses.grpc);
  user = newId();
  await client.call(updatePreferences, { preferences: { channels: [Channel.EMAIL] } }, { user });
});

afterEach(async () => {
  client[Symbol.dispose]();
  await service.stop();
});

/** Statements of the service that wait for a lock. */
async function waiting(): Promise<number> {
  const [row] = await database.sql<{ count: number }[]>`
    SELECT count(*)::int AS count FROM pg_stat_activity
    WHERE datname = current_database() AND application_name = 'notification' AND wait_event_type = 'Lock'`;
  return row?.count ?? 0;
}

/** Calls of a method that ended with `code`, as the service counts them. */
async function ended(method: string, code: string): Promise<number> {
  const text = await (await fetch(`http://${service.addresses.admin}/metrics`)).text();
  const labels = `rpc_method="${method}",grpc_status="${code}"`;
  const line = text
    .split("\n")
    .find((one) => one.startsWith("rpc_server_call_duration_seconds_count") && one.includes(labels));
  return Number(line?.split(" ").at(-1) ?? 0);
}

test("a statement that waits for a locked row is gone soon after its caller's deadline, and has no effect later", async () => {
  await database.sql.begin(async (other) => {
    await other`SELECT FROM preferences WHERE user_id = ${user} FOR UPDATE`;
    const call = client.refused(
      client.call(updatePreferences, { preferences: SECOND, requestId: "r-1" }, { user, deadlineMs: DEADLINE_MS }),
    );
    await eventually(async () => (await waiting()) === 1);
    assert.equal((await call).code, status.DEADLINE_EXCEEDED);
    await eventually(async () => (await waiting()) === 0, SOON_MS);
    await eventually(async () => (await ended("UpdatePreferences", "DEADLINE_EXCEEDED")) === 1, SOON_MS);
  });
  const { message } = await client.call(getPreferences, {}, { user });
  assert.deepEqual(message.preferences?.mutedTemplates, []);
  assert.ok(!service.lines.some((line) => line.includes("call failed")), "a caller's end is no fault of ours");
  // The same connection, the pool's only one, and the same request_id.
  await client.call(updatePreferences, { preferences: SECOND, requestId: "r-1" }, { user });
  const again = await client.call(getPreferences, {}, { user });
  assert.deepEqual(again.message.preferences?.mutedTemplates, ["welcome"]);
});

test("a statement is gone soon after its caller has cancelled, whatever the deadline is", async () => {
  await database.sql.begin(async (other) => {
    await other`SELECT FROM preferences WHERE user_id = ${user} FOR UPDATE`;
    const off = new AbortController();
    const call = client.refused(client.call(updatePreferences, { preferences: SECOND }, { user, signal: off.signal }));
    await eventually(async () => (await waiting()) === 1);
    off.abort();
    assert.equal((await call).code, status.CANCELLED);
    await eventually(async () => (await waiting()) === 0, SOON_MS);
    await eventually(async () => (await ended("UpdatePreferences", "CANCELLED")) === 1, SOON_MS);
  });
});

test("a read ends with its caller's deadline", async () => {
  await database.sql.begin(async (other) => {
    await other`LOCK TABLE preferences IN ACCESS EXCLUSIVE MODE`;
    const call = client.refused(client.call(getPreferences, {}, { user, deadlineMs: DEADLINE_MS }));
    await eventually(async () => (await waiting()) === 1);
    assert.equal((await call).code, status.DEADLINE_EXCEEDED);
    await eventually(async () => (await waiting()) === 0, SOON_MS);
    await eventually(async () => (await ended("GetPreferences", "DEADLINE_EXCEEDED")) === 1, SOON_MS);
  });
});

test("who waits for a connection leaves the queue when their caller goes, and the next in it gets the connection", async () => {
  const metrics = createMetrics();
  const one = new Database(database.url, 1, "test", metrics);
  const asleep = one.query((sql) => sql`SELECT pg_sleep(0.3)`);
  const off = new AbortController();
  const reason = new Error("the caller has cancelled");
  const waiter = withCallSignal(off.signal, () => one.query((sql) => sql`SELECT 1`));
  const next = one.query((sql) => sql`SELECT 2 AS two`);
  off.abort(reason);
  await assert.rejects(waiter, reason);
  await assert.rejects(
    withCallSignal(off.signal, () => one.query((sql) => sql`SELECT 1`)),
    reason,
  );
  const uses = (await metrics.poolUse.get()).values.find(({ metricName }) => metricName?.endsWith("_count"));
  assert.equal(uses?.value ?? 0, 0, "the first one still has its connection");
  await asleep;
  assert.deepEqual([...(await next)], [{ two: 2 }]);
  await one.stop(1000);
});

test("statements that a transaction begins after its caller is gone end as well", async () => {
  const one = new Database(database.url, 1, "test", createMetrics());
  const off = new AbortController();
  const reason = new Error("the caller has cancelled");
  const began = performance.now();
  const work = withCallSignal(off.signal, () =>
    one.transaction(async (tx) => {
      await tx`SELECT 1`;
      off.abort(reason);
      // The first cancellation meets no statement, or this one, which is caught so that the transaction goes on.
      await tx.savepoint((inner) => inner`SELECT pg_sleep(3)`).catch(() => undefined);
      await tx`SELECT pg_sleep(3)`;
    }),
  );
  await assert.rejects(work, reason);
  assert.ok(performance.now() - began < 1500, "it was not slept through");
  const [row] = await one.query((sql) => sql`SELECT 1 AS one`);
  assert.equal(row?.["one"], 1);
  await one.stop(1000);
});
