import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { Metadata, status } from "@grpc/grpc-js";
import { PostgresStore } from "../../src/adapters/postgres-store.ts";
import { announce } from "../../src/events/announce.ts";
import { Channel, DeliveryState } from "../../src/gen/banyan/notification/v1/notification_pb.js";
import { NotificationService } from "../../src/gen/banyan/notification/v1/notification_service_pb.js";
import { systemClock } from "../../src/platform/clock.ts";
import { Database } from "../../src/platform/database.ts";
import { createMetrics } from "../../src/platform/telemetry.ts";
import { TestClient } from "../support/client.ts";
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

const { listNotifications, getPreferences, updatePreferences } = NotificationService.method;
let database: TestDatabase;
let service: Service;
let client: TestClient;

before(async () => {
  database = await createDatabase();
  service = await startService(testSettings(database.url));
  client = new TestClient(service.addresses.grpc);
});

after(async () => {
  client[Symbol.dispose]();
  await service.stop();
  await database[Symbol.asyncDispose]();
});

const chosen = { channels: [Channel.PUSH, Channel.EMAIL], pushToken: "device-1", mutedTemplates: ["welcome"] };

test("without a user every method refuses with UNAUTHENTICATED", async () => {
  for (const method of Object.values(NotificationService.method)) {
    const refusal = await client.refused(client.call(method, {}));
    assert.equal(refusal.code, status.UNAUTHENTICATED);
    assert.equal(refusal.reason, "UNAUTHENTICATED");
    assert.equal(refusal.domain, "notification.banyan");
  }
});

test("who chose nothing has e-mail only", async () => {
  const { message } = await client.call(getPreferences, {}, { user: newId() });
  assert.deepEqual(message.preferences?.channels, [Channel.EMAIL]);
  assert.equal(message.preferences?.updateTime, undefined);
});

test("preferences are replaced and read back, each person's own", async () => {
  const user = newId();
  const { message } = await client.call(updatePreferences, { preferences: chosen }, { user });
  assert.deepEqual(message.preferences?.channels, [Channel.EMAIL, Channel.PUSH]);
  assert.ok(message.preferences?.updateTime);
  const read = await client.call(getPreferences, {}, { user });
  assert.deepEqual(read.message.preferences, message.preferences);
  const other = await client.call(getPreferences, {}, { user: newId() });
  assert.deepEqual(other.message.preferences?.channels, [Channel.EMAIL]);
});

test("a channel without its number or token is refused with every violation", async () => {
  const preferences = { channels: [Channel.SMS, Channel.PUSH], mutedTemplates: ["nonsense"] };
  const refusal = await client.refused(client.call(updatePreferences, { preferences }, { user: newId() }));
  assert.equal(refusal.code, status.INVALID_ARGUMENT);
  assert.equal(refusal.reason, "INVALID_PREFERENCES");
  assert.deepEqual(
    refusal.violations.map(({ field }) => field),
    ["preferences.phone_number", "preferences.push_token", "preferences.muted_templates[0]"],
  );
});

test("the contract's rules are checked before the handler, with proto paths", async () => {
  const preferences = {
    channels: [Channel.EMAIL, Channel.UNSPECIFIED],
    phoneNumber: "030 1",
    pushToken: "x".repeat(256),
  };
  const refusal = await client.refused(client.call(updatePreferences, { preferences }, { user: newId() }));
  assert.equal(refusal.code, status.INVALID_ARGUMENT);
  assert.equal(refusal.reason, "INVALID_ARGUMENT");
  assert.deepEqual(refusal.violations.map(({ field }) => field).sort(), [
    "preferences.channels[1]",
    "preferences.phone_number",
    "preferences.push_token",
  ]);
  const missing = await client.refused(client.call(updatePreferences, {}, { user: newId() }));
  assert.deepEqual(
    missing.violations.map(({ field }) => field),
    ["preferences"],
  );
  const tooMany = await client.refused(client.call(listNotifications, { pageSize: 101 }, { user: newId() }));
  assert.deepEqual(
    tooMany.violations.map(({ field }) => field),
    ["page_size"],
  );
});

test("the same request_id and body gets the first answer again, marked; another body is refused", async () => {
  const user = newId();
  const request = { preferences: chosen, requestId: "r-1" };
  const first = await client.call(updatePreferences, request, { user });
  const again = await client.call(updatePreferences, request, { user });
  assert.deepEqual(again.message, first.message);
  assert.deepEqual(first.initialMetadata.get("banyan-idempotency-replayed"), []);
  assert.deepEqual(again.initialMetadata.get("banyan-idempotency-replayed"), ["true"]);
  const other = { preferences: { channels: [Channel.EMAIL] }, requestId: "r-1" };
  const refusal = await client.refused(client.call(updatePreferences, other, { user }));
  assert.equal(refusal.code, status.FAILED_PRECONDITION);
  assert.equal(refusal.reason, "IDEMPOTENCY_KEY_REUSED");
  const foreign = await client.call(updatePreferences, other, { user: newId() });
  assert.deepEqual(foreign.initialMetadata.get("banyan-idempotency-replayed"), []);
});

test("notifications come newest first in pages, complete, without repetition, and only one's own", async () => {
  const user = newId();
  const clock = systemClock();
  const direct = new Database(database.url, 1, "test", createMetrics());
  const store = new PostgresStore(direct, clock, announce);
  const mine = Array.from({ length: 5 }, () =>
    newDelivery(clock, { id: newId(), eventId: newId(), userId: user, state: "SUPPRESSED" }),
  );
  const foreign = newDelivery(clock, { id: newId(), eventId: newId(), userId: newId(), state: "SUPPRESSED" });
  await store.transaction((work) => work.addDeliveries([...mine, foreign]));
  await direct.stop(1000);
  const seen: string[] = [];
  let pageToken = "";
  do {
    const { message } = await client.call(listNotifications, { pageSize: 2, pageToken }, { user });
    assert.ok(message.notifications.length <= 2);
    for (const one of message.notifications) {
      assert.equal(one.state, DeliveryState.SUPPRESSED);
      assert.equal(one.userId, user);
      seen.push(one.notificationId);
    }
    pageToken = message.nextPageToken;
  } while (pageToken);
  assert.deepEqual(
    seen,
    mine
      .map(({ id }) => id)
      .sort()
      .reverse(),
  );
  const empty = await client.call(listNotifications, {}, { user: newId() });
  assert.deepEqual([empty.message.notifications.length, empty.message.nextPageToken], [0, ""]);
});

test("how long connections are held, and waited for, is measured", async () => {
  const metrics = createMetrics();
  const one = new Database(database.url, 1, "test", metrics);
  await Promise.all([1, 2].map(() => one.query((sql) => sql`SELECT pg_sleep(0.1)`)));
  await one.stop(1000);
  const { values } = await metrics.poolUse.get();
  const sum = (of: typeof values) => of.find(({ metricName }) => metricName?.endsWith("_sum"))?.value ?? 0;
  assert.ok(sum(values) >= 0.2 && sum(values) < 5, String(sum(values)));
  assert.ok(sum((await metrics.poolWait.get()).values) >= 0.1);
});

test("a page token that no answer contained is refused", async () => {
  const refusal = await client.refused(client.call(listNotifications, { pageToken: "bogus" }, { user: newId() }));
  assert.equal(refusal.code, status.INVALID_ARGUMENT);
  assert.equal(refusal.reason, "INVALID_PAGE_TOKEN");
  assert.deepEqual(
    refusal.violations.map(({ field }) => field),
    ["page_token"],
  );
});

test("bytes that are no message are refused, not a fault of ours", async () => {
  const metadata = new Metadata();
  metadata.set("banyan-user", newId());
  const path = `/${NotificationService.typeName}/ListNotifications`;
  const refusal = await client.refused(client.raw(path, Buffer.from([0x08]), metadata));
  assert.equal(refusal.code, status.INVALID_ARGUMENT);
  assert.equal(refusal.reason, "MALFORMED_REQUEST");
});

test("without its database the service says UNAVAILABLE, and recovers by itself", async () => {
  const name = new URL(database.url).pathname.slice(1);
  const ask = () => client.call(getPreferences, {}, { user: newId() });
  await database.sql`SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = ${name} AND pid <> pg_backend_pid()`;
  const outcomes = await Promise.allSettled(Array.from({ length: 4 }, ask));
  for (const outcome of outcomes) {
    if (outcome.status === "rejected") assert.equal(outcome.reason.code, status.UNAVAILABLE);
  }
  // As many at once as before: each connection that was lost has to be found out.
  await eventually(() => Promise.all(Array.from({ length: 4 }, ask)));
});

test("a fault of ours says nothing but INTERNAL; the log has it, in the caller's trace", async () => {
  await database.sql`ALTER TABLE preferences RENAME TO preferences_gone`;
  try {
    const traceId = "0af7651916cd43dd8448eb211c80319c";
    const metadata = { traceparent: `00-${traceId}-b7ad6b7169203331-01` };
    const refusal = await client.refused(client.call(getPreferences, {}, { user: newId(), metadata }));
    assert.equal(refusal.code, status.INTERNAL);
    assert.deepEqual([refusal.reason, refusal.message], ["INTERNAL", "internal error"]);
    const line = service.lines.find((text) => text.includes("call failed"));
    assert.match(line ?? "", new RegExp(traceId));
  } finally {
    await database.sql`ALTER TABLE preferences_gone RENAME TO preferences`;
  }
});
