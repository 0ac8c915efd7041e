import assert from "node:assert/strict";
import { test } from "node:test";
import { describeSettings, loadSettings } from "../../src/config.ts";
import { SettingsError } from "../../src/platform/settings.ts";

const good = {
  NOTIFICATION_DATABASE_URL: "postgres://notification:hunter2@127.0.0.1:5432/notification",
  NOTIFICATION_SMTP_URL: "smtp://mailer:s3cret@mail.test:25",
  SINKS_URL: "http://127.0.0.1:9/",
};

function problems(environment: Record<string, string>): readonly string[] {
  try {
    loadSettings(environment);
  } catch (error) {
    if (error instanceof SettingsError) return error.problems;
    throw error;
  }
  return [];
}

test("defaults fill what is not set, and an empty variable is not set", () => {
  const settings = loadSettings({ ...good, NOTIFICATION_SEND_MAX_ATTEMPTS: "" });
  assert.equal(settings.grpcListen, "0.0.0.0:50051");
  assert.equal(settings.sendMaxAttempts, 8);
  assert.equal(settings.databasePoolMax, 8);
  assert.ok(Object.isFrozen(settings));
});

test("the stand-ins' addresses give the three providers, unless they are named", () => {
  const settings = loadSettings({
    ...good,
    MAIL_SMTP_ADDR: "127.0.0.1:2525",
    NOTIFICATION_SMS_URL: "https://sms.test/send",
  });
  assert.equal(settings.smtpUrl, "smtp://mailer:s3cret@mail.test:25");
  assert.equal(settings.smsUrl, "https://sms.test/send");
  assert.equal(settings.pushUrl, "http://127.0.0.1:9/v1/push");
});

test("all problems stand in one report, each with its variable and none with its value", () => {
  const found = problems({
    NOTIFICATION_GRPC_LISTEN: "nowhere",
    NOTIFICATION_DATABASE_URL: "mysql://hunter2",
    NOTIFICATION_DATABASE_POOL_MAX: "0",
    NOTIFICATION_LOG_LEVEL: "loud",
  });
  const variables = found.map((line) => line.split(":")[0]);
  assert.deepEqual(variables, [
    "NOTIFICATION_DATABASE_POOL_MAX",
    "NOTIFICATION_DATABASE_URL",
    "NOTIFICATION_GRPC_LISTEN",
    "NOTIFICATION_LOG_LEVEL",
    "NOTIFICATION_PUSH_URL",
    "NOTIFICATION_SMS_URL",
    "NOTIFICATION_SMTP_URL",
  ]);
  assert.ok(!found.join().includes("hunter2"));
});

test("the clock can't be moved in production", () => {
  const moved = { ...good, BANYAN_CLOCK_OFFSET_S: "60" };
  assert.deepEqual(problems(moved), []);
  assert.deepEqual(problems({ ...moved, BANYAN_ENVIRONMENT: "production" }), [
    "BANYAN_CLOCK_OFFSET_S: must be 0 in production",
  ]);
});

test("secrets are starred in the line at start", () => {
  const shown = JSON.stringify(describeSettings(loadSettings(good)));
  assert.doesNotMatch(shown, /hunter2|s3cret/);
  assert.match(shown, /mail\.test:25/);
});
