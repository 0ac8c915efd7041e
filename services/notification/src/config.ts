/** The settings of this service. */
import { z } from "zod";
import {
  commonNames,
  commonSettings,
  describe,
  type Environment,
  integer,
  load,
  number,
  required,
} from "./platform/settings.ts";

const httpUrl = required.regex(/^https?:\/\/./, { error: "must begin with http:// or https://" });

const schema = z.object({
  ...commonSettings,
  /** smtp:// or smtps://, with credentials if need be. */
  smtpUrl: required.regex(/^smtps?:\/\/./, { error: "must begin with smtp:// or smtps://" }),
  smsUrl: httpUrl,
  pushUrl: httpUrl,
  /** What stands in the From header. */
  mailFrom: z.string().regex(/@/, { error: "must hold an address" }).default("Banyan <orders@banyan.example>"),
  /** Tries of one delivery in all. */
  sendMaxAttempts: integer(1, 100).default(8),
  /** Rest after the first failed try; doubled after each further one up to the most. */
  sendBackoffS: number(0.01, 3600).default(2),
  sendBackoffMaxS: number(0.01, 86_400).default(300),
  /** How long a provider may take over one step of one message. */
  sendTimeoutS: number(0.1, 20).default(10),
  /** Messages of one channel that are in hand at once: being sent, or sent and not recorded. A crash repeats no more. */
  sendConcurrency: integer(1, 100).default(8),
});

export type Settings = Readonly<z.infer<typeof schema>>;

/** Reads the environment; throws SettingsError with every problem. */
export function loadSettings(environment: Environment): Settings {
  return load("NOTIFICATION", schema, commonNames, withStandIns(environment));
}

/** The local runtime names what stands outside the shop by address only. */
function withStandIns(environment: Environment): Environment {
  const mail = environment["MAIL_SMTP_ADDR"];
  const sinks = environment["SINKS_URL"]?.replace(/\/+$/, "");
  return {
    ...(mail ? { NOTIFICATION_SMTP_URL: `smtp://${mail}` } : {}),
    ...(sinks ? { NOTIFICATION_SMS_URL: `${sinks}/v1/sms`, NOTIFICATION_PUSH_URL: `${sinks}/v1/push` } : {}),
    ...environment,
  };
}

/** For the line at start. */
export function describeSettings(settings: Settings): Record<string, string> {
  return describe(settings, ["databaseUrl"]);
}
