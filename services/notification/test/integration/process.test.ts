import assert from "node:assert/strict";
import { test } from "node:test";
import { UserRegisteredSchema } from "../../src/gen/banyan/user/v1/user_events_pb.js";
import { eventually } from "../support/eventually.ts";
import { person, registered } from "../support/examples.ts";
import { createDatabase, Mesh, mailsTo } from "../support/harness.ts";
import { environment, ownMegabytes, spawnService, startProcess } from "../support/service-process.ts";

test("missing settings end the process with status 2 and name every variable once", async () => {
  const child = spawnService({ PATH: process.env["PATH"] ?? "", NOTIFICATION_DRAIN_GRACE_S: "soon" });
  const code = await eventually(() => child.process.exitCode ?? undefined, 20_000);
  assert.equal(code, 2);
  const names = child
    .output()
    .match(/^ {2}[A-Z_]+(?=:)/gm)
    ?.map((name) => name.trim());
  assert.deepEqual(names, [
    "NOTIFICATION_DATABASE_URL",
    "NOTIFICATION_DRAIN_GRACE_S",
    "NOTIFICATION_PUSH_URL",
    "NOTIFICATION_SMS_URL",
    "NOTIFICATION_SMTP_URL",
  ]);
});

test("the process says its settings without secrets, sends, stays small and leaves with 0 on SIGTERM", async () => {
  await using database = await createDatabase();
  await using mesh = await Mesh.fresh();
  const secret = database.url.replace("postgres@", "postgres:hunter2@");
  const child = await startProcess(environment(secret));
  try {
    const settings = child.lines().find(({ event }) => event === "settings");
    assert.ok(settings);
    const ada = person();
    await mesh.publish("user.registered", UserRegisteredSchema, registered(ada));
    await eventually(async () => (await mailsTo(ada.email)).length === 1);
    const ready = await fetch(`http://${child.admin}/readyz`);
    assert.equal(ready.status, 200);
    const megabytes = ownMegabytes(child.process.pid ?? 0);
    // 50 seen; a type stripper loaded, or a library parsed for lack of the compile cache, would add 20.
    assert.ok(megabytes < 62, `${megabytes} MB of its own`);
  } finally {
    assert.equal(await child.stop(), 0);
  }
  assert.doesNotMatch(child.output(), /hunter2|ada-/);
  assert.equal(child.lines().at(-1)?.["event"], "stopped");
});
