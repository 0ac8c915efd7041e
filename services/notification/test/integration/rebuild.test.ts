/** A consumer that is moved back, or taken away, under the running service: it goes on by itself. */
import assert from "node:assert/strict";
import { afterEach, beforeEach, test } from "node:test";
import { UserRegisteredSchema } from "../../src/gen/banyan/user/v1/user_events_pb.js";
import { eventually } from "../support/eventually.ts";
import { person, registered } from "../support/examples.ts";
import {
  createDatabase,
  Mesh,
  type Service,
  startService,
  type TestDatabase,
  testSettings,
} from "../support/harness.ts";

const STREAM = "USER";
const CONSUMER = "notification-user";
const DEADLINE_MS = 30_000;

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

async function count(service: Service, outcome: string): Promise<number> {
  const text = await (await fetch(`http://${service.addresses.admin}/metrics`)).text();
  const sample = `inbox_events_total{consumer="${CONSUMER}",subject="user.registered",outcome="${outcome}"}`;
  const line = text.split("\n").find((one) => one.startsWith(sample));
  return Number(line?.split(" ").at(-1) ?? 0);
}

async function becomes(service: Service, outcome: string, wanted: number): Promise<void> {
  await eventually(async () => assert.equal(await count(service, outcome), wanted) ?? true, DEADLINE_MS);
}

test("a consumer that is moved back gets its events again, and those that had their effect have none", async () => {
  await using service = await startService(testSettings(database.url));
  for (let i = 0; i < 3; i += 1) await mesh.publish("user.registered", UserRegisteredSchema, registered(person()));
  await becomes(service, "processed", 3);
  await database.sql`DELETE FROM inbox WHERE event_id = (SELECT event_id FROM inbox LIMIT 1)`;
  await mesh.manager.consumers.reset(STREAM, CONSUMER, 1);
  await becomes(service, "duplicate", 2);
  await becomes(service, "processed", 4);
  const [row] = await database.sql`SELECT count(*)::int AS count FROM deliveries`;
  assert.equal(row?.["count"], 3);
});

test("a consumer that is deleted is made again, and nothing is lost", async () => {
  await using service = await startService(testSettings(database.url));
  await mesh.publish("user.registered", UserRegisteredSchema, registered(person()));
  await becomes(service, "processed", 1);
  for (const deletions of [1, 2]) {
    await mesh.manager.consumers.delete(STREAM, CONSUMER);
    await mesh.publish("user.registered", UserRegisteredSchema, registered(person()));
    await becomes(service, "processed", 1 + deletions);
  }
  await becomes(service, "duplicate", 3);
});
