/** The broker goes away and comes back: a real nats-server, stopped and started again with its store. */
import assert from "node:assert/strict";
import { join } from "node:path";
import { afterEach, beforeEach, test } from "node:test";
import { PostgresStore } from "../../src/adapters/postgres-store.ts";
import { announce } from "../../src/events/announce.ts";
import { UserRegisteredSchema } from "../../src/gen/banyan/user/v1/user_events_pb.js";
import { systemClock } from "../../src/platform/clock.ts";
import { Database } from "../../src/platform/database.ts";
import { createMetrics } from "../../src/platform/telemetry.ts";
import { eventually } from "../support/eventually.ts";
import { person, registered } from "../support/examples.ts";
import { newDelivery } from "../support/fakes.ts";
import {
  address,
  createDatabase,
  Mesh,
  newId,
  type Service,
  startService,
  type TestDatabase,
  testSettings,
} from "../support/harness.ts";
import { startNats } from "../support/nats.ts";
import { type ScriptedSmtp, scriptedSmtp } from "../support/smtp.ts";

/** The client asks for its broker every second, the relay every second: many of both. */
const OUTAGE_MS = 12_000;
const WAVE = 30;

let database: TestDatabase;
let direct: Database;
let nats: Awaited<ReturnType<typeof startNats>>;
const folder = () => join(address("TEST_FOLDER"), `nats-outage-${process.pid}`);

beforeEach(async () => {
  database = await createDatabase();
  direct = new Database(database.url, 1, "test", createMetrics());
  nats = await startNats(folder());
  await using mesh = await Mesh.at(nats.url);
  for (const stream of ["USER", "ORDER", "PAYMENT", "SHIPPING"]) await mesh.addStream(stream);
});

afterEach(async () => {
  await nats.stop();
  await direct.stop(1000);
  await database[Symbol.asyncDispose]();
});

/** Messages to send, as the consumer writes them; but without a broker nothing brings it events. */
async function wave(): Promise<void> {
  const clock = systemClock();
  const rows = Array.from({ length: WAVE }, () =>
    newDelivery(clock, { id: newId(), eventId: newId(), userId: newId() }),
  );
  await new PostgresStore(direct, clock, announce).transaction((work) => work.addDeliveries(rows));
}

async function metric(service: Service, name: string): Promise<number> {
  const text = await (await fetch(`http://${service.addresses.admin}/metrics`)).text();
  return Number(new RegExp(`^${name} (\\S+)`, "m").exec(text)?.[1] ?? Number.NaN);
}

/** Two waves are sent while there is no broker; their events wait. */
async function outage(service: Service, smtp: ScriptedSmtp): Promise<void> {
  const began = performance.now();
  for (const sent of [2 * WAVE, 3 * WAVE]) {
    await wave();
    await eventually(() => smtp.taken.length === sent, 20_000);
  }
  await eventually(() => performance.now() - began >= OUTAGE_MS, 2 * OUTAGE_MS);
  const backlog = await metric(service, "outbox_backlog");
  assert.ok(backlog >= 2 * WAVE && backlog < 3 * WAVE, `${backlog} events wait`);
  assert.ok((await metric(service, "outbox_oldest_age_seconds")) >= OUTAGE_MS / 1000 - 2);
  assert.equal((await fetch(`http://${service.addresses.admin}/readyz`)).status, 200, "it serves without a broker");
}

test("a broker that is away for long loses no event, and gets all of them in order, each once", async () => {
  await using smtp = await scriptedSmtp();
  const { url } = nats;
  const settings = testSettings(database.url, { NATS_URL: url, NOTIFICATION_SMTP_URL: smtp.url });
  await using service = await startService(settings);
  // The broker goes while its relay has begun with the first wave.
  smtp.delayMs = 30;
  await wave();
  await eventually(async () => (await metric(service, "outbox_published_total")) > 0);
  await nats.stop();
  await outage(service, smtp);

  nats = await startNats(folder(), Number(new URL(url).port));
  await using mesh = await Mesh.at(url);
  const people = Array.from({ length: WAVE }, () => person());
  for (const one of people) await mesh.publish("user.registered", UserRegisteredSchema, registered(one));
  await eventually(async () => (await mesh.stored("NOTIFICATION")).length === 4 * WAVE, 30_000);
  const told = (await mesh.stored("NOTIFICATION")).map((event) => event.header("ce-id"));
  const written = await database.sql<{ id: string }[]>`SELECT id FROM outbox ORDER BY position`;
  assert.deepEqual(
    told,
    written.map(({ id }) => id),
  );
  await eventually(async () => (await metric(service, "outbox_backlog")) === 0);
  assert.equal(await metric(service, "outbox_oldest_age_seconds"), 0);
  assert.equal(await metric(service, "outbox_published_total"), 4 * WAVE);
  assert.equal(new Set(smtp.taken).size, smtp.taken.length, "no message went twice");
});
