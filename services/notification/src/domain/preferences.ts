/** What a person wants to hear of, and how; and what follows from it for one occasion. */
import type { Violation } from "../platform/errors.ts";
import { PreferencesError } from "./errors.ts";
import { CHANNELS, type Channel, type Contact } from "./notification.ts";
import { isTemplate, RECEIPTS, type Template } from "./occasion.ts";

export interface Preferences {
  readonly userId: string;
  /** Channels in use, in the order of CHANNELS. */
  readonly channels: readonly Channel[];
  /** E.164 or empty. */
  readonly phoneNumber: string;
  readonly pushToken: string;
  readonly mutedTemplates: readonly Template[];
  /** Undefined for the defaults. */
  readonly updateTime: Date | undefined;
}

/** E-mail only. */
export function defaultPreferences(userId: string): Preferences {
  const channels = ["EMAIL"] as const;
  return { userId, channels, phoneNumber: "", pushToken: "", mutedTemplates: [], updateTime: undefined };
}

export interface PreferencesInput {
  readonly channels: readonly Channel[];
  readonly phoneNumber: string;
  readonly pushToken: string;
  readonly mutedTemplates: readonly string[];
}

/** Checks and orders what a person chose. Throws PreferencesError with every violation. */
export function choosePreferences(userId: string, input: PreferencesInput, now: Date): Preferences {
  const violations: Violation[] = [];
  if (input.channels.includes("SMS") && !input.phoneNumber) {
    violations.push({ field: "preferences.phone_number", description: "is needed for the channel CHANNEL_SMS" });
  }
  if (input.channels.includes("PUSH") && !input.pushToken) {
    violations.push({ field: "preferences.push_token", description: "is needed for the channel CHANNEL_PUSH" });
  }
  for (const [index, name] of input.mutedTemplates.entries()) {
    if (isTemplate(name)) continue;
    violations.push({ field: `preferences.muted_templates[${index}]`, description: "is no template" });
  }
  if (violations.length > 0) throw new PreferencesError(violations);
  return {
    userId,
    channels: CHANNELS.filter((channel) => input.channels.includes(channel)),
    phoneNumber: input.phoneNumber,
    pushToken: input.pushToken,
    mutedTemplates: [...new Set(input.mutedTemplates.filter(isTemplate))],
    updateTime: now,
  };
}

export interface Route {
  readonly channel: Channel;
  readonly recipient: string;
  /** Recorded, not sent: the person muted it. */
  readonly suppressed: boolean;
}

/** The channels by which `contact` hears of `template`: receipts always by e-mail, the rest as chosen. */
export function routesFor(template: Template, preferences: Preferences, contact: Contact): Route[] {
  const recipients = { EMAIL: contact.email, SMS: preferences.phoneNumber, PUSH: preferences.pushToken };
  const owed = (channel: Channel): boolean => channel === "EMAIL" && RECEIPTS.has(template);
  const muted = preferences.mutedTemplates.includes(template);
  return CHANNELS.filter((channel) => owed(channel) || preferences.channels.includes(channel))
    .filter((channel) => recipients[channel] !== "")
    .map((channel) => ({ channel, recipient: recipients[channel], suppressed: muted && !owed(channel) }));
}
