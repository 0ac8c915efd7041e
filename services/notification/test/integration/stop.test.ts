/** What a real process does on SIGTERM: it says so first, lets calls end, and takes no longer than its limits. */
import assert from "node:assert/strict";
import { afterEach, beforeEach, test } from "node:test";
import { status } from "@grpc/grpc-js";
import { NotificationService } from "../../src/gen/banyan/notification/v1/notification_service_pb.js";
import { UserRegisteredSchema } from "../../src/gen/banyan/user/v1/user_events_pb.js";
import { Health, HealthCheckResponse_ServingStatus as Serving } from "../../src/gen/grpc/health/v1/health_pb.js";
import { TestClient } from "../support/client.ts";
import { eventually } from "../support/eventually.ts";
import { person, registered } from "../support/examples.ts";
import { createDatabase, Mesh, newId, type TestDatabase } from "../support/harness.ts";
import { environment, type ServiceProcess, startProcess } from "../support/service-process.ts";
import { scriptedSmtp } from "../support/smtp.ts";

const { getPreferences, listNotifications } = NotificationService.method;
let database: TestDatabase;
let child: ServiceProcess;

beforeEach(async () => {
  database = await createDatabase();
});

afterEach(async () => {
  await child.stop();
  await database[Symbol.asyncDispose]();
});

/** Statements of the service that wait for a lock. */
async function waiting(): Promise<number> {
  const [row] = await database.sql<{ count: number }[]>`
    SELECT count(*)::int AS count FROM pg_stat_activity
    WHERE datname = current_database() AND application_name = 'notification' AND wait_event_type = 'Lock'`;
  return row?.count ?? 0;
}

/** Waits for the process to leave by itself; returns its exit code and the seconds since `began`. */
async function left(began: number): Promise<[code: number | null, seconds: number]> {
  await eventually(() => child.process.exitCode !== null || child.process.signalCode !== null, 25_000);
  return [child.process.exitCode, (performance.now() - began) / 1000];
}

test("on SIGTERM it is NOT_SERVING while it still answers, and a call in flight ends well after that", async () => {
  child = await startProcess(environment(database.url, { NOTIFICATION_DRAIN_DELAY_S: "2" }));
  using client = new TestClient(child.grpc);
  const user = newId();
  const health = async () =>
    (await client.call(Health.method.check, { service: NotificationService.typeName })).message;
  assert.equal((await health()).status, Serving.SERVING);
  let inFlight: Promise<unknown> = Promise.resolve();
  let began = 0;
  await database.sql.begin(async (other) => {
    await other`LOCK TABLE preferences IN ACCESS EXCLUSIVE MODE`;
    inFlight = client.call(getPreferences, {}, { user, deadlineMs: 20_000 });
    await eventually(async () => (await waiting()) === 1);
    began = performance.now();
    child.process.kill("SIGTERM");
    await eventually(async () => (await health()).status === Serving.NOT_SERVING, 1500);
    assert.equal((await fetch(`http://${child.admin}/readyz`)).status, 503);
    // Callers who have not noticed yet are served through the delay of 2 s.
    await client.call(listNotifications, {}, { user });
    assert.ok(performance.now() - began < 2000, "all of this was before the drain");
    await eventually(() => performance.now() - began > 2500);
    assert.equal(child.process.exitCode, null, "a call is in flight");
  });
  await inFlight;
  const [code, seconds] = await left(began);
  assert.equal(code, 0, child.output());
  assert.ok(seconds < 8, `${seconds} s`);
});

test("a call that outlasts the grace is cut, with its statement, and the process leaves with 0", async () => {
  child = await startProcess(environment(database.url, { NOTIFICATION_DRAIN_GRACE_S: "1" }));
  using client = new TestClient(child.grpc);
  await database.sql.begin(async (other) => {
    await other`LOCK TABLE preferences IN ACCESS EXCLUSIVE MODE`;
    const cut = client.refused(client.call(getPreferences, {}, { user: newId(), deadlineMs: 20_000 }));
    await eventually(async () => (await waiting()) === 1);
    const began = performance.now();
    child.process.kill("SIGTERM");
    assert.notEqual((await cut).code, status.OK);
    const [code, seconds] = await left(began);
    assert.equal(code, 0, child.output());
    assert.ok(seconds >= 1 && seconds < 4, `${seconds} s`);
    assert.equal(await waiting(), 0);
  });
});

test("a stop step that hangs is cut at its limit, the others follow, and what was in hand is sent by the next", async () => {
  await using smtp = await scriptedSmtp();
  await using mesh = await Mesh.fresh();
  // The server takes the message and never answers: its sender would wait for 20 s.
  smtp.verdicts.push("silence");
  const settings = { NOTIFICATION_SMTP_URL: smtp.url, NOTIFICATION_SEND_TIMEOUT_S: "20" };
  child = await startProcess(environment(database.url, { ...settings, NOTIFICATION_DRAIN_GRACE_S: "0" }));
  await mesh.publish("user.registered", UserRegisteredSchema, registered(person()));
  await eventually(() => smtp.seen.length === 1);
  const began = performance.now();
  child.process.kill("SIGTERM");
  const [code, seconds] = await left(began);
  assert.equal(code, 0, child.output());
  assert.ok(seconds >= 5 && seconds < 9, `${seconds} s, where a step has 5 s beyond the grace`);
  const failed = child.lines().filter(({ event }) => event === "stop step failed, going on");
  assert.deepEqual(
    failed.map(({ step }) => step),
    ["send-email"],
  );
  assert.equal(child.lines().at(-1)?.["event"], "stopped");
  // The lease of the dead one has ended for this one, whose clock is three minutes ahead.
  child = await startProcess(environment(database.url, { ...settings, BANYAN_CLOCK_OFFSET_S: "180" }));
  await eventually(() => smtp.taken.length === 1, 20_000);
  assert.deepEqual(smtp.taken, smtp.seen.slice(0, 1));
});
