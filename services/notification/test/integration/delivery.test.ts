import assert from "node:assert/strict";
import { afterEach, beforeEach, test } from "node:test";
import { Channel } from "../../src/gen/banyan/notification/v1/notification_pb.js";
import { NotificationService } from "../../src/gen/banyan/notification/v1/notification_service_pb.js";
import { UserRegisteredSchema } from "../../src/gen/banyan/user/v1/user_events_pb.js";
import { TestClient } from "../support/client.ts";
import { eventually } from "../support/eventually.ts";
import { person, registered } from "../support/examples.ts";
import {
  address,
  createDatabase,
  Mesh,
  mailsTo,
  startService,
  type TestDatabase,
  testSettings,
} from "../support/harness.ts";
import { environment, startProcess } from "../support/service-process.ts";
import { scriptedSmtp } from "../support/smtp.ts";

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

interface Row {
  id: string;
  state: string;
  attempt_count: number;
  failure_reason: string;
}

const deliveries = async () =>
  await database.sql<Row[]>`SELECT id, state, attempt_count, failure_reason FROM deliveries ORDER BY id`;
const allIn = async (state: string, count = 1) => {
  const rows = await deliveries();
  return rows.length === count && rows.every((row) => row.state === state) ? rows : false;
};
const register = async () => {
  const someone = person();
  await mesh.publish("user.registered", UserRegisteredSchema, registered(someone));
  return someone;
};
const sinksOf = async (to: string) => {
  const ledger = (await (await fetch(`${address("TEST_SINKS_URL")}/v1/ledger?limit=1000`)).json()) as Record<
    string,
    { to: string; idempotency_key: string }[]
  >;
  return [...(ledger["sms"] ?? []), ...(ledger["push"] ?? [])].filter((message) => message.to === to);
};

test("a server that says later is asked again, with the same Message-ID", async () => {
  await using smtp = await scriptedSmtp();
  smtp.verdicts.push("451 4.3.0 later", "451 4.3.0 later");
  await using _service = await startService(testSettings(database.url, { NOTIFICATION_SMTP_URL: smtp.url }));
  await register();
  const [row] = await eventually(() => allIn("SENT"));
  assert.equal(row?.attempt_count, 3);
  assert.deepEqual(
    smtp.seen,
    Array.from({ length: 3 }, () => `<${row?.id}@banyan.example>`),
  );
});

test("a refused recipient is given up at once and told", async () => {
  await using smtp = await scriptedSmtp();
  smtp.verdicts.push("550 5.1.1 nobody");
  await using service = await startService(testSettings(database.url, { NOTIFICATION_SMTP_URL: smtp.url }));
  const ada = await register();
  const [row] = await eventually(() => allIn("FAILED"));
  assert.equal(row?.failure_reason, "RECIPIENT_REFUSED");
  const event = await eventually(async () => (await mesh.stored("NOTIFICATION"))[0]);
  assert.equal(event.subject, "notification.failed");
  assert.ok(!service.lines.join().includes(ada.email));
});

test("after the most tries it is FAILED", async () => {
  await using smtp = await scriptedSmtp();
  smtp.verdicts.push(...Array.from({ length: 3 }, () => "451 4.3.0 later" as const));
  const settings = testSettings(database.url, { NOTIFICATION_SMTP_URL: smtp.url, NOTIFICATION_SEND_MAX_ATTEMPTS: "3" });
  await using _service = await startService(settings);
  await register();
  const [row] = await eventually(() => allIn("FAILED"));
  assert.deepEqual([row?.attempt_count, row?.failure_reason], [3, "TEMPORARILY_REFUSED"]);
});

test("a server that never answers is given up in time and asked again under the same Message-ID", async () => {
  await using smtp = await scriptedSmtp();
  smtp.verdicts.push("silence");
  const settings = testSettings(database.url, { NOTIFICATION_SMTP_URL: smtp.url, NOTIFICATION_SEND_TIMEOUT_S: "0.3" });
  await using _service = await startService(settings);
  await register();
  await eventually(() => allIn("SENT"));
  assert.equal(smtp.seen.length, 2);
  assert.equal(smtp.seen[0], smtp.seen[1]);
});

test("without a mail server the service runs, and what waits is sent when there is one", async () => {
  const down = testSettings(database.url, { NOTIFICATION_SMTP_URL: "smtp://127.0.0.1:1" });
  const ada = person();
  {
    await using service = await startService(down);
    await mesh.publish("user.registered", UserRegisteredSchema, registered(ada));
    await eventually(() => service.lines.some((line) => line.includes("PROVIDER_UNAVAILABLE")));
  }
  await using _service = await startService(testSettings(database.url));
  await eventually(async () => (await mailsTo(ada.email)).length === 1);
});

test("SMS and push go to their providers under the delivery's id, and a repeated send is the same message to them", async () => {
  await using service = await startService(testSettings(database.url));
  using client = new TestClient(service.addresses.grpc);
  const ada = person();
  const phoneNumber = `+49${BigInt(`0x${ada.userId.slice(-8)}`)}`.slice(0, 15);
  const preferences = {
    channels: [Channel.EMAIL, Channel.SMS, Channel.PUSH],
    phoneNumber,
    pushToken: `device-${ada.userId}`,
  };
  await client.call(NotificationService.method.updatePreferences, { preferences }, { user: ada.userId });
  await mesh.publish("user.registered", UserRegisteredSchema, registered(ada));
  const rows = await eventually(() => allIn("SENT", 3));
  const ids = new Set(rows.map(({ id }) => id));
  for (const to of [phoneNumber, preferences.pushToken]) {
    const [message, ...more] = await sinksOf(to);
    assert.ok(ids.has(message?.idempotency_key ?? ""));
    assert.deepEqual(more, []);
  }
  const messages = await client.call(NotificationService.method.listNotifications, {}, { user: ada.userId });
  assert.equal(messages.message.notifications.length, 3);

  // As a sender would leave it that died between the provider's answer and its own record.
  await database.sql`
    UPDATE deliveries SET state = 'SENDING', due_time = now() - interval '1 s', recipient = ${phoneNumber},
      text_body = 'Banyan: welcome! Your account is ready.' WHERE channel = 'SMS'`;
  await eventually(() => service.lines.some((line) => line.includes("sender died before")));
  await eventually(() => allIn("SENT", 3));
  assert.equal((await sinksOf(phoneNumber)).length, 1);
});

test("a muted template is recorded and not sent", async () => {
  await using service = await startService(testSettings(database.url));
  using client = new TestClient(service.addresses.grpc);
  const ada = person();
  const preferences = { channels: [Channel.EMAIL], mutedTemplates: ["welcome"] };
  await client.call(NotificationService.method.updatePreferences, { preferences }, { user: ada.userId });
  await mesh.publish("user.registered", UserRegisteredSchema, registered(ada));
  await eventually(() => allIn("SUPPRESSED"));
  assert.deepEqual(await mailsTo(ada.email), []);
});

test("replicas share the work, and each message is sent once", async () => {
  await using smtp = await scriptedSmtp();
  smtp.delayMs = 5;
  const settings = testSettings(database.url, { NOTIFICATION_SMTP_URL: smtp.url });
  await using _one = await startService(settings);
  await using _two = await startService(settings);
  await Promise.all(Array.from({ length: 60 }, register));
  await eventually(() => allIn("SENT", 60), 30_000);
  assert.equal(smtp.taken.length, 60);
  assert.equal(new Set(smtp.taken).size, 60);
});

test("a stop lets the message in hand be sent and recorded", async () => {
  await using smtp = await scriptedSmtp();
  smtp.delayMs = 300;
  const service = await startService(testSettings(database.url, { NOTIFICATION_SMTP_URL: smtp.url }));
  await register();
  await eventually(() => smtp.seen.length === 1);
  await service.stop();
  assert.ok(await allIn("SENT"));
});

test("after a kill in the middle of sending, nothing is lost, and a repetition carries the same Message-ID", async () => {
  await using smtp = await scriptedSmtp();
  smtp.delayMs = 200;
  const settings = { NOTIFICATION_SMTP_URL: smtp.url, NOTIFICATION_SEND_CONCURRENCY: "4" };
  const first = await startProcess(environment(database.url, settings));
  const people = 40;
  await Promise.all(Array.from({ length: people }, register));
  await eventually(async () => (await deliveries()).length === people && smtp.seen.length >= 10, 20_000);
  assert.ok(smtp.seen.length < people);
  first.process.kill("SIGKILL");
  await first.stop();
  smtp.delayMs = 0;
  // The leases of the dead one have ended for this one, whose clock is two minutes ahead.
  const second = await startProcess(environment(database.url, { ...settings, BANYAN_CLOCK_OFFSET_S: "120" }));
  try {
    await eventually(() => allIn("SENT", people), 30_000);
  } finally {
    assert.equal(await second.stop(), 0, second.output());
  }
  const ids = (await deliveries()).map(({ id }) => `<${id}@banyan.example>`);
  assert.deepEqual([...new Set(smtp.taken)].sort(), ids.sort());
  const repeated = smtp.taken.length - people;
  assert.ok(repeated <= 4, `${repeated} repetitions, more than were in hand`);
});
