import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { create, fromBinary, toBinary } from "@bufbuild/protobuf";
import { Metadata, status } from "@grpc/grpc-js";
import { NotificationService } from "../../src/gen/banyan/notification/v1/notification_service_pb.js";
import { Health, HealthCheckResponse_ServingStatus as Serving } from "../../src/gen/grpc/health/v1/health_pb.js";
import {
  ServerReflection,
  ServerReflectionRequestSchema,
  ServerReflectionResponseSchema,
} from "../../src/gen/grpc/reflection/v1/reflection_pb.js";
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
import { ROOT } from "../support/tools.ts";

const { getPreferences } = NotificationService.method;
let database: TestDatabase;
let service: Service;
let client: TestClient;

before(async () => {
  database = await createDatabase();
  service = await startService(testSettings(database.url, { NOTIFICATION_MAX_CONCURRENT_RPCS: "1" }));
  client = new TestClient(service.addresses.grpc);
});

after(async () => {
  client[Symbol.dispose]();
  await service.stop();
  await database[Symbol.asyncDispose]();
});

const admin = (path: string) => fetch(`http://${service.addresses.admin}${path}`);
const metric = async (line: RegExp) => Number(line.exec(await (await admin("/metrics")).text())?.[1] ?? 0);

test("health tells SERVING for the server and its service, and not what it doesn't know", async () => {
  for (const name of ["", NotificationService.typeName]) {
    const { message } = await client.call(Health.method.check, { service: name });
    assert.equal(message.status, Serving.SERVING);
  }
  const refusal = await client.refused(client.call(Health.method.check, { service: "nope" }));
  assert.equal(refusal.code, status.NOT_FOUND);
  const { message } = await client.call(Health.method.list, {});
  assert.deepEqual(Object.keys(message.statuses), ["", NotificationService.typeName]);
});

test("reflection lists the services and gives their files with all imports", async () => {
  const ask = async (request: Parameters<typeof create<typeof ServerReflectionRequestSchema>>[1]) => {
    const path = `/${ServerReflection.typeName}/ServerReflectionInfo`;
    const out = (message: Uint8Array) => Buffer.from(message);
    const call = client.channel.makeBidiStreamRequest(path, out, out, new Metadata(), { deadline: Date.now() + 5000 });
    const answer = new Promise<Buffer>((resolve, reject) => call.on("data", resolve).on("error", reject));
    call.write(toBinary(ServerReflectionRequestSchema, create(ServerReflectionRequestSchema, request)));
    call.end();
    return fromBinary(ServerReflectionResponseSchema, await answer).messageResponse;
  };
  const listed = await ask({ messageRequest: { case: "listServices", value: "" } });
  assert.ok(listed.case === "listServicesResponse");
  assert.ok(listed.value.service.some(({ name }) => name === NotificationService.typeName));
  const symbol = `${NotificationService.typeName}.GetPreferences`;
  const files = await ask({ messageRequest: { case: "fileContainingSymbol", value: symbol } });
  assert.ok(files.case === "fileDescriptorResponse");
  assert.ok(files.value.fileDescriptorProto.length >= 6);
});

test("the admin port tells of life and readiness, and knows nothing else", async () => {
  assert.equal((await admin("/livez")).status, 200);
  const ready = await admin("/readyz");
  assert.equal(ready.status, 200);
  assert.deepEqual(await ready.json(), { ready: true, checks: { database: "ok", broker: "ok" } });
  assert.equal((await admin("/")).status, 404);
});

test("more calls than allowed are shed with RESOURCE_EXHAUSTED and when to come back", async () => {
  let slow: Promise<unknown> = Promise.resolve();
  await database.sql.begin(async (sql) => {
    await sql`LOCK TABLE preferences IN ACCESS EXCLUSIVE MODE`;
    slow = client.call(getPreferences, {}, { user: newId() });
    await eventually(async () => (await metric(/^rpc_server_in_flight (\d+)/m)) === 1);
    const refusal = await client.refused(client.call(getPreferences, {}, { user: newId() }));
    assert.equal(refusal.code, status.RESOURCE_EXHAUSTED);
    assert.equal(refusal.reason, "OVERLOADED");
    assert.ok((refusal.retryAfterSeconds ?? 0) > 0);
  });
  await slow;
  assert.equal(await metric(/^rpc_server_shed_total (\d+)/m), 1);
});

test("a call without a deadline is answered and counted", async () => {
  const before = await metric(/^rpc_server_no_deadline_total (\d+)/m);
  await client.call(getPreferences, {}, { user: newId(), deadlineMs: 0 });
  assert.equal(await metric(/^rpc_server_no_deadline_total (\d+)/m), before + 1);
});

test("every metric that telemetry.yaml asks for is there with its labels, and no other of ours", async () => {
  await client.call(getPreferences, {}, { user: newId() });
  const exported = await (await admin("/metrics")).text();
  const names = new Set([...exported.matchAll(/^# TYPE (\S+)/gm)].map(([, name]) => name ?? ""));
  const asked = askedMetrics();
  for (const name of asked.keys()) assert.ok(names.has(name), `${name} is missing`);
  const own = [...names].filter((name) => !/^(process|nodejs)_/.test(name));
  for (const name of own) assert.ok(asked.has(name), `${name} is not in telemetry.yaml`);
  const call = new RegExp(
    `^rpc_server_call_duration_seconds_count\\{rpc_service="${NotificationService.typeName}",rpc_method="GetPreferences",grpc_status="OK"\\}`,
    "m",
  );
  assert.match(exported, call);
});

/** The metrics that this service must export; the file has one metric a line under its groups. */
function askedMetrics(): Map<string, string> {
  const groups = [
    "common:",
    "clients:",
    "channels:",
    "database:",
    "producers:",
    "consumers:",
    "live:",
    "  notification:",
  ];
  const asked = new Map<string, string>();
  let group = "";
  for (const line of readFileSync(join(ROOT, "protos/config/telemetry.yaml"), "utf8").split("\n")) {
    const [, name] = /^ +(\w+): \{/.exec(line) ?? [];
    if (name && groups.includes(group)) asked.set(name, line);
    else if (/^ {0,2}\w+:$/.test(line)) group = line;
  }
  return asked;
}
