import assert from "node:assert/strict";
import { test } from "node:test";
import { PreferencesError } from "../../src/domain/errors.ts";
import { CHANNELS } from "../../src/domain/notification.ts";
import { RECEIPTS, TEMPLATES } from "../../src/domain/occasion.ts";
import { choosePreferences, defaultPreferences, routesFor } from "../../src/domain/preferences.ts";
import { fc } from "../support/property.ts";

const now = new Date("2026-01-01T00:00:00Z");
const contact = { userId: "u", email: "ada@example.test", displayName: "Ada", locale: "en", updateTime: now };
const input = fc.record({
  channels: fc.uniqueArray(fc.constantFrom(...CHANNELS)),
  phoneNumber: fc.constantFrom("", "+4930123456"),
  pushToken: fc.constantFrom("", "token"),
  mutedTemplates: fc.array(fc.constantFrom(...TEMPLATES)),
});

test("without a choice a person hears by e-mail only", () => {
  for (const template of TEMPLATES) {
    const routes = routesFor(template, defaultPreferences("u"), contact);
    assert.deepEqual(routes, [{ channel: "EMAIL", recipient: contact.email, suppressed: false }]);
  }
});

test("every violation is reported at once, by the contract's field names", () => {
  const wrong = {
    channels: ["SMS", "PUSH"] as const,
    phoneNumber: "",
    pushToken: "",
    mutedTemplates: ["welcome", "x"],
  };
  assert.throws(
    () => choosePreferences("u", wrong, now),
    (error: unknown) => {
      assert.ok(error instanceof PreferencesError);
      const fields = error.violations.map(({ field }) => field);
      assert.deepEqual(fields, [
        "preferences.phone_number",
        "preferences.push_token",
        "preferences.muted_templates[1]",
      ]);
      return error.kind === "invalid_argument";
    },
  );
});

test("receipts go by e-mail whatever was chosen; nothing else goes where it is not wanted", () => {
  fc.assert(
    fc.property(input, fc.constantFrom(...TEMPLATES), (chosen, template) => {
      const usable = chosen.channels.filter(
        (channel) => (channel !== "SMS" || chosen.phoneNumber) && (channel !== "PUSH" || chosen.pushToken),
      );
      const preferences = choosePreferences("u", { ...chosen, channels: usable }, now);
      const routes = routesFor(template, preferences, contact);
      const mail = routes.find(({ channel }) => channel === "EMAIL");
      if (RECEIPTS.has(template)) assert.equal(mail?.suppressed, false);
      for (const { channel, recipient, suppressed } of routes) {
        assert.notEqual(recipient, "");
        const owed = channel === "EMAIL" && RECEIPTS.has(template);
        assert.ok(owed || usable.includes(channel));
        assert.equal(suppressed, !owed && chosen.mutedTemplates.includes(template));
      }
    }),
  );
});
