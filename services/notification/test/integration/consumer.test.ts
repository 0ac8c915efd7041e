import assert from "node:assert/strict";
import { afterEach, beforeEach, test } from "node:test";
import postgres from "postgres";
import {
  OrderCancelledSchema,
  OrderConfirmedSchema,
  OrderRejectedSchema,
} from "../../src/gen/banyan/order/v1/order_events_pb.js";
import { PaymentRefundedSchema } from "../../src/gen/banyan/payment/v1/payment_events_pb.js";
import {
  ShipmentDeliveredSchema,
  ShipmentDispatchedSchema,
} from "../../src/gen/banyan/shipping/v1/shipping_events_pb.js";
import { UserRegisteredSchema, UserUpdatedSchema } from "../../src/gen/banyan/user/v1/user_events_pb.js";
import { Broker } from "../../src/platform/broker.ts";
import { Database } from "../../src/platform/database.ts";
import { InboxConsumer, MAX_DELIVERIES } from "../../src/platform/inbox.ts";
import { subscription } from "../../src/platform/subscription.ts";
import { createMetrics } from "../../src/platform/telemetry.ts";
import { plainTracer } from "../../src/platform/tracing.ts";
import { eventually } from "../support/eventually.ts";
import { order, person, registered } from "../support/examples.ts";
import {
  address,
  createDatabase,
  Mesh,
  mailsTo,
  memoryLogger,
  newId,
  type Service,
  startService,
  type TestDatabase,
  testSettings,
} from "../support/harness.ts";

const TRACE_ID = "0af7651916cd43dd8448eb211c80319c";
const TRACEPARENT = /^00-[0-9a-f]{32}-[0-9a-f]{16}-0[01]$/;
let database: TestDatabase;
let mesh: Mesh;

beforeEach(async () => {
  database = await createDatabase();
  mesh = await Mesh.fresh();
});

afterEach(async () => {
  await mesh[Symbol.asyncDispose]();
  await database[Symbol.asyncDispose]();
});

async function inboxCount(service: Service, labels: string): Promise<number> {
  const text = await (await fetch(`http://${service.addresses.admin}/metrics`)).text();
  const line = text.split("\n").find((one) => one.startsWith("inbox_events_total{") && one.includes(labels));
  return Number(line?.split(" ").at(-1) ?? 0);
}

const subjects = async (email: string) => (await mailsTo(email)).map(({ subject }) => subject);

/** Transactions of the service's database so far, ours too. */
async function commits(): Promise<number> {
  await database.sql`SELECT pg_stat_force_next_flush()`;
  const [row] = await database.sql<{ count: number }[]>`
    SELECT xact_commit::int AS count FROM pg_stat_database WHERE datname = current_database()`;
  return row?.count ?? 0;
}

test("every event that is heard becomes its message", async () => {
  await using _service = await startService(testSettings(database.url));
  const ada = person();
  const { userId } = ada;
  const eur = { minorUnits: 490n, currencyCode: "EUR" };
  await mesh.publish("user.registered", UserRegisteredSchema, registered(ada));
  const shipment = { orderId: "o-1", userId, trackingNumber: "TRK42" };
  await mesh.publish("order.confirmed", OrderConfirmedSchema, { order: order(userId, "o-1") });
  await mesh.publish("order.rejected", OrderRejectedSchema, {
    order: { ...order(userId, "o-2"), rejectionReason: "OUT_OF_STOCK" },
  });
  await mesh.publish("order.cancelled", OrderCancelledSchema, { order: { ...order(userId, "o-3"), refunded: eur } });
  await mesh.publish("payment.refunded", PaymentRefundedSchema, {
    payment: { orderId: "o-3", userId },
    refund: { amount: eur },
  });
  await mesh.publish("shipping.dispatched", ShipmentDispatchedSchema, { shipment });
  await mesh.publish("shipping.delivered", ShipmentDeliveredSchema, { shipment });
  const expected = [
    "Welcome to Banyan",
    "Your order o-1 has arrived",
    "Your order o-1 is confirmed",
    "Your order o-1 is on its way",
    "Your order o-3 is cancelled",
    "We could not accept your order o-2",
    "€4.90 paid back for order o-3",
  ];
  await eventually(async () => assert.deepEqual((await subjects(ada.email)).sort(), expected.sort()) ?? true);
});

test("an order that comes before its person waits for them", async () => {
  await using service = await startService(testSettings(database.url), { retryDelayMs: () => 250 });
  const ada = person();
  await mesh.publish("order.confirmed", OrderConfirmedSchema, { order: order(ada.userId, "o-1") });
  await eventually(async () => (await inboxCount(service, 'subject="order.confirmed",outcome="retried"')) >= 1);
  assert.deepEqual(await mailsTo(ada.email), []);
  await mesh.publish("user.registered", UserRegisteredSchema, registered(ada));
  await eventually(async () => (await subjects(ada.email)).includes("Your order o-1 is confirmed"));
});

test("an event that comes twice counts once", async () => {
  await using service = await startService(testSettings(database.url));
  const ada = person();
  await mesh.publish("user.registered", UserRegisteredSchema, registered(ada));
  const id = newId();
  for (let i = 0; i < 3; i += 1) await mesh.publish("user.registered", UserRegisteredSchema, registered(ada), id);
  await eventually(async () => (await inboxCount(service, 'outcome="duplicate"')) === 2);
  const [row] = await database.sql`SELECT count(*)::int AS count FROM deliveries WHERE event_id = ${id}`;
  assert.equal(row?.["count"], 1);
});

test("the newest address is used, also when events come out of order", async () => {
  await using service = await startService(testSettings(database.url));
  const ada = person();
  const moved = { ...ada, email: `new-${ada.email}` };
  await mesh.publish("user.registered", UserRegisteredSchema, registered(ada, new Date(1000)));
  await mesh.publish("user.updated", UserUpdatedSchema, registered(moved, new Date(3000)));
  await mesh.publish(
    "user.updated",
    UserUpdatedSchema,
    registered({ ...ada, email: `late-${ada.email}` }, new Date(2000)),
  );
  await eventually(async () => (await inboxCount(service, 'subject="user.updated",outcome="processed"')) === 2);
  await mesh.publish("order.confirmed", OrderConfirmedSchema, { order: order(ada.userId, "o-1") });
  await eventually(async () => (await subjects(moved.email)).length === 1);
  assert.deepEqual(await mailsTo(`late-${ada.email}`), []);
});

test("what can't be read goes to the dead letters at once, with its reason, and holds nothing up", async () => {
  await using service = await startService(testSettings(database.url));
  const id = newId();
  const traceparent = `00-${TRACE_ID}-b7ad6b7169203331-01`;
  await mesh.publishRaw("user.registered", Buffer.from([0xff, 0xff]), { "ce-id": id, traceparent });
  await mesh.publishRaw("user.registered", Buffer.from([]), { "ce-id": newId() });
  await mesh.publishRaw("user.registered", Buffer.from([]), {});
  const ada = person();
  await mesh.publish("user.registered", UserRegisteredSchema, registered(ada));
  await eventually(async () => (await mailsTo(ada.email)).length === 1);
  await eventually(async () => (await inboxCount(service, 'outcome="dead_lettered"')) === 3);
  const letters = await mesh.stored("DLQ");
  assert.equal(letters.length, 3);
  assert.equal(letters[0]?.subject, "dlq.notification-user.user.registered");
  assert.deepEqual([...(letters[0]?.data ?? [])], [0xff, 0xff]);
  assert.equal(letters[0]?.header("banyan-dlq-reason"), "MALFORMED");
  assert.equal(letters[0]?.header("banyan-dlq-consumer"), "notification-user");
  assert.equal(letters[0]?.header("ce-id"), id);
  assert.equal(letters[0]?.header("traceparent"), traceparent);
  assert.match(letters[1]?.header("traceparent") ?? "", TRACEPARENT, "it got the trace of its handling");
  assert.ok(service.lines.some((line) => line.includes("event dead-lettered") && line.includes(TRACE_ID)));
});

test("events that lie ready are applied together, each once, and a bad one among them does not spoil the others", async () => {
  const people = Array.from({ length: 20 }, () => person());
  for (const one of people) {
    const id = newId();
    await mesh.publish("user.registered", UserRegisteredSchema, registered(one), id);
    await mesh.publish("user.registered", UserRegisteredSchema, registered(one), id);
  }
  await mesh.publishRaw("user.registered", Buffer.from([0xff]), { "ce-id": newId() });
  await mesh.publish("order.confirmed", OrderConfirmedSchema, { order: order(newId()) });
  for (const one of people)
    await mesh.publish("order.confirmed", OrderConfirmedSchema, { order: order(one.userId, "o-1") });
  await using service = await startService(testSettings(database.url), { retryDelayMs: () => 300 });
  for (const one of people) {
    const expected = ["Welcome to Banyan", "Your order o-1 is confirmed"];
    await eventually(async () => assert.deepEqual((await subjects(one.email)).sort(), expected) ?? true, 20_000);
  }
  assert.equal(await inboxCount(service, 'subject="user.registered",outcome="processed"'), people.length);
  assert.equal(await inboxCount(service, 'subject="user.registered",outcome="duplicate"'), people.length);
});

test("events that wait for their turn are given back by a stop, for whoever comes next", async () => {
  const people = Array.from({ length: 60 }, () => person());
  {
    await using service = await startService(testSettings(database.url));
    const first = person();
    await mesh.publish("user.registered", UserRegisteredSchema, registered(first));
    await eventually(async () => (await inboxCount(service, 'outcome="processed"')) === 1);
    for (const one of people) await mesh.publish("user.registered", UserRegisteredSchema, registered(one));
  }
  await using _next = await startService(testSettings(database.url));
  // Without that they would come again after 30 s, when the broker takes their acknowledgements for lost.
  for (const one of people) await eventually(async () => (await mailsTo(one.email)).length === 1, 15_000);
});

test("orders that lie ready cost less than a transaction each, from the event to the announcement", async () => {
  const ada = person();
  {
    await using _service = await startService(testSettings(database.url));
    await mesh.publish("user.registered", UserRegisteredSchema, registered(ada));
    await eventually(async () => (await mesh.stored("NOTIFICATION")).length === 1);
  }
  const orders = 32;
  for (let n = 0; n < orders; n += 1)
    await mesh.publish("order.confirmed", OrderConfirmedSchema, { order: order(ada.userId, `o-${n}`) });
  const before = await commits();
  await using _service = await startService(testSettings(database.url));
  await eventually(async () => (await mesh.stored("NOTIFICATION")).length === orders + 1, 20_000);
  const spent = (await commits()) - before;
  assert.ok(spent < orders, `${spent} transactions for ${orders} orders`);
});

test("an event whose person never comes is given up after its deliveries, not before", async () => {
  await using service = await startService(testSettings(database.url), { retryDelayMs: () => 10 });
  const traceparent = `00-${TRACE_ID}-b7ad6b7169203331-01`;
  await mesh.publish("order.confirmed", OrderConfirmedSchema, { order: order(newId()) }, newId(), { traceparent });
  const [letter] = await eventually(async () => {
    const letters = await mesh.stored("DLQ");
    return letters.length > 0 ? letters : undefined;
  });
  assert.equal(letter?.header("banyan-dlq-reason"), "CONTACT_UNKNOWN");
  assert.equal(letter?.header("traceparent"), traceparent);
  assert.equal(await inboxCount(service, 'outcome="retried"'), MAX_DELIVERIES - 1);
});

test("a stream that is made later is found", async () => {
  await mesh.manager.streams.delete("USER");
  await using service = await startService(testSettings(database.url));
  await eventually(() => service.lines.some((line) => line.includes("waiting for the stream")));
  await mesh.addStream("USER");
  const ada = person();
  await mesh.publish("user.registered", UserRegisteredSchema, registered(ada));
  await eventually(async () => (await mailsTo(ada.email)).length === 1, 15_000);
});

test("without a broker the service serves and says so", async () => {
  await using service = await startService(testSettings(database.url, { NATS_URL: "nats://127.0.0.1:1" }));
  const ready = await fetch(`http://${service.addresses.admin}/readyz`);
  assert.equal(ready.status, 200);
  const body = (await ready.json()) as { checks: Record<string, string> };
  assert.equal(body.checks["broker"], "no broker");
});

test("while the database is away events wait, and none becomes a dead letter", async () => {
  await using service = await startService(testSettings(database.url), { retryDelayMs: () => 10 });
  const name = new URL(database.url).pathname.slice(1);
  const admin = postgres(`${address("TEST_POSTGRES_URL")}/postgres`, { max: 1 });
  const ada = person();
  try {
    await admin.unsafe(`ALTER DATABASE ${name} WITH ALLOW_CONNECTIONS false`);
    await admin`SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = ${name}`;
    await mesh.publish("user.registered", UserRegisteredSchema, registered(ada));
    const readyz = () => fetch(`http://${service.addresses.admin}/readyz`);
    await eventually(async () => (await readyz()).status === 503);
    await eventually(() => service.lines.filter((line) => line.includes("background step failed")).length >= 6, 15_000);
  } finally {
    await admin.unsafe(`ALTER DATABASE ${name} WITH ALLOW_CONNECTIONS true`);
    await admin.end();
  }
  await eventually(async () => (await mailsTo(ada.email)).length === 1, 30_000);
  assert.equal(await inboxCount(service, 'outcome="dead_lettered"'), 0);
});

test("what was sent is told on NOTIFICATION, in the trace of the event that caused it", async () => {
  await using _service = await startService(testSettings(database.url));
  const ada = person();
  const more = { traceparent: `00-${TRACE_ID}-b7ad6b7169203331-01` };
  await mesh.publish("user.registered", UserRegisteredSchema, registered(ada), newId(), more);
  const event = await eventually(async () => (await mesh.stored("NOTIFICATION"))[0]);
  assert.equal(event.subject, "notification.sent");
  assert.equal(event.header("ce-type"), "banyan.notification.v1.NotificationSent");
  assert.equal(event.header("ce-source"), "banyan/notification");
  assert.equal(event.header("Nats-Msg-Id"), event.header("ce-id"));
  assert.equal(event.header("content-type"), "application/protobuf");
  assert.ok(event.header("traceparent").includes(TRACE_ID));
  assert.ok(!Buffer.from(event.data).toString("latin1").includes(ada.email), "no address leaves in an event");
});

/** A database that answers a ping when it is told to. */
class Held extends Database {
  readonly asked = Promise.withResolvers<void>();
  readonly answer = Promise.withResolvers<void>();

  override async ping(): Promise<void> {
    this.asked.resolve();
    await this.answer.promise;
  }
}

test("a stop that comes just before a fetch does not wait for the fetch's end", async () => {
  const { logger } = memoryLogger();
  const metrics = createMetrics();
  const held = new Held(database.url, 1, "test", metrics);
  const broker = new Broker(address("TEST_NATS_URL"), "test", logger);
  broker.start();
  await eventually(async () => broker.connected);
  const consumer = new InboxConsumer({
    ...{ name: "test-stop", stream: "USER", database: held, broker, metrics, logger, tracer: plainTracer() },
    subscriptions: [subscription("user.registered", UserRegisteredSchema, async () => () => undefined)],
    onDeath: (what) => assert.fail(what),
  });
  consumer.start();
  await held.asked.promise;
  const began = performance.now();
  const stopped = consumer.stop();
  held.answer.resolve();
  await stopped;
  const seconds = (performance.now() - began) / 1000;
  await broker.stop();
  await held.stop(1000);
  assert.ok(seconds < 5, `${seconds} s`);
});
