import assert from "node:assert/strict";
import { test } from "node:test";
import { PageTokenError } from "../../src/domain/errors.ts";
import { readPageToken, writePageToken } from "../../src/rpc/page-token.ts";
import { fc } from "../support/property.ts";

test("a token leads back to its id, and no token is the first page", () => {
  assert.equal(readPageToken(""), undefined);
  assert.equal(writePageToken(undefined), "");
  fc.assert(fc.property(fc.uuid(), (id) => assert.equal(readPageToken(writePageToken(id)), id)));
});

test("what no answer contained is refused", () => {
  for (const token of ["x", "MTo", Buffer.from("2:01900000-0000-7000-8000-000000000001").toString("base64url")]) {
    assert.throws(() => readPageToken(token), PageTokenError);
  }
  fc.assert(
    fc.property(fc.string({ minLength: 1 }), (token) => void assert.throws(() => readPageToken(token), PageTokenError)),
  );
});
