import assert from "node:assert/strict";
import { test } from "node:test";
import { MoneyFormat } from "../../src/domain/money.ts";
import { fc } from "../support/property.ts";

const english = new MoneyFormat("en");

test("amounts read as people write them, by the currency's own number of digits", () => {
  assert.equal(english.write({ minorUnits: 1299n, currencyCode: "EUR" }), "€12.99");
  assert.equal(english.write({ minorUnits: 5n, currencyCode: "EUR" }), "€0.05");
  assert.equal(english.write({ minorUnits: 1200n, currencyCode: "JPY" }), "¥1,200");
  assert.equal(english.write({ minorUnits: 1234n, currencyCode: "KWD" }).replace(/\s/g, " "), "KWD 1.234");
  assert.equal(english.write({ minorUnits: -1n, currencyCode: "USD" }), "-$0.01");
});

test("no digit is lost for any amount that the contract can hold", () => {
  fc.assert(
    fc.property(fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }), (minorUnits) => {
      const text = english.write({ minorUnits, currencyCode: "EUR" });
      assert.equal(BigInt(text.replace(/[^0-9-]/g, "")), minorUnits);
    }),
  );
});
