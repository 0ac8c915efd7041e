import assert from "node:assert/strict";
import { test } from "node:test";
import { loadTemplates } from "../../src/adapters/templates.ts";
import { CHANNELS, type Contact } from "../../src/domain/notification.ts";
import type { Occasion } from "../../src/domain/occasion.ts";
import { fc } from "../support/property.ts";

const renderer = loadTemplates();
const eur = (minorUnits: bigint) => ({ minorUnits, currencyCode: "EUR" });
const line = { name: "Table <b>", quantity: 2, unitPrice: eur(500n), lineTotal: eur(1000n) };
const order = { lines: [line], subtotal: eur(1000n), shippingPrice: eur(490n), total: eur(1490n) };
const occasions: Occasion[] = [
  { template: "welcome", orderId: "" },
  { template: "order_confirmed", orderId: "o-1", order },
  { template: "order_rejected", orderId: "o-1", reason: "OUT_OF_STOCK" },
  { template: "order_cancelled", orderId: "o-1", refunded: eur(1490n) },
  { template: "payment_refunded", orderId: "o-1", amount: eur(490n) },
  { template: "shipment_dispatched", orderId: "o-1", trackingNumber: "TRK42" },
  { template: "shipment_delivered", orderId: "o-1" },
];

function contact(displayName = "Ada", locale = "en"): Contact {
  return { userId: "u", email: "ada@example.test", displayName, locale, updateTime: new Date(0) };
}

test("every occasion has a message for every channel, and only e-mail has HTML", () => {
  for (const occasion of occasions) {
    for (const channel of CHANNELS) {
      const { title, text, html } = renderer.render(channel, occasion, contact());
      assert.ok(title && text);
      assert.equal(html !== "", channel === "EMAIL");
      if (occasion.orderId) assert.match(text, /o-1/);
      if (channel !== "EMAIL") assert.ok(text.length <= 160 && !text.includes("\n"), text);
    }
  }
});

test("a confirmed order shows its lines, prices and total", () => {
  const { text, html } = renderer.render("EMAIL", occasions[1] as Occasion, contact());
  assert.match(text, /2 x Table <b> at €5\.00: €10\.00/);
  assert.match(text, /Total: €14\.90/);
  assert.match(html, /2 × Table &lt;b&gt;/);
  assert.match(html, /€14\.90/);
});

test("a rejection says why in words, also for a reason that is new", () => {
  const known = renderer.render("EMAIL", occasions[2] as Occasion, contact());
  assert.match(known.text, /An item is no longer in stock\./);
  const unknown: Occasion = { template: "order_rejected", orderId: "o-1", reason: "SOLAR_FLARE" };
  assert.match(renderer.render("EMAIL", unknown, contact()).text, /Please try again later\./);
});

test("a cancelled order that was never paid promises no money", () => {
  const { text } = renderer.render(
    "EMAIL",
    { template: "order_cancelled", orderId: "o-1", refunded: undefined },
    contact(),
  );
  assert.doesNotMatch(text, /pay back/);
});

test("the tracking number is in every form of a dispatch", () => {
  for (const channel of CHANNELS) {
    assert.match(renderer.render(channel, occasions[5] as Occasion, contact()).text, /TRK42/);
  }
});

test("a locale without templates falls back to English", () => {
  for (const locale of ["en-GB", "xx", ""]) {
    assert.equal(renderer.render("EMAIL", occasions[0] as Occasion, contact("Ada", locale)).title, "Welcome to Banyan");
  }
});

test("no name can put markup into the HTML or a line break into a header", () => {
  fc.assert(
    fc.property(fc.string({ unit: "binary" }), (name) => {
      const hostile = `${name}<script>\r\nBcc: eve@example.test`;
      for (const occasion of occasions) {
        const { title, html } = renderer.render("EMAIL", occasion, contact(hostile));
        assert.ok(!html.includes("<script>"));
        assert.ok(!/[\r\n]/.test(title));
      }
    }),
    { numRuns: 20 },
  );
});
