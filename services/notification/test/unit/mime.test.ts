import assert from "node:assert/strict";
import { test } from "node:test";
import { addressHeader, bareAddress, compose, type Letter } from "../../src/adapters/mime.ts";
import { fc } from "../support/property.ts";

const LETTER: Letter = {
  from: "Banyan <orders@banyan.example>",
  to: "ada@example.test",
  subject: "Your order is confirmed",
  text: "Hello Ada,\n\nthank you.\n",
  html: "<p>Thank you</p>\n",
  messageId: "<id@banyan.example>",
  date: new Date("2026-01-02T03:04:05Z"),
  headers: { "Auto-Submitted": "auto-generated" },
};
const NAMES = ["Auto-Submitted", "From", "To", "Subject", "Message-ID", "Date", "MIME-Version", "Content-Type"];

interface Parsed {
  readonly headers: ReadonlyMap<string, string>;
  readonly parts: readonly string[];
}

/** As a reader takes it apart: unfolds the headers, splits at the boundary, decodes the parts. */
function parse(message: Buffer): Parsed {
  const [head = "", ...rest] = message.toString("latin1").replace(/\r?\n/g, "\n").split("\n\n");
  const lines = head.replace(/\n[ \t]+/g, " ").split("\n");
  const headers = new Map(lines.map((line) => [line.slice(0, line.indexOf(":")), line.slice(line.indexOf(":") + 2)]));
  const boundary = /boundary="(.*)"/.exec(headers.get("Content-Type") ?? "")?.[1];
  const bodies = rest.join("\n\n").split(`--${boundary}`).slice(1, -1);
  return { headers, parts: bodies.map((body) => decode(body.slice(body.indexOf("\n\n") + 2, -1))) };
}

function decode(encoded: string): string {
  const bytes = encoded
    .replace(/=\n/g, "")
    .replace(/=([0-9A-F]{2})/g, (_, hex) => String.fromCharCode(Number(`0x${hex}`)));
  return Buffer.from(bytes, "latin1").toString("utf8");
}

test("a message holds its headers, the text and then the HTML", () => {
  const { headers, parts } = parse(compose(LETTER));
  assert.deepEqual([...headers.keys()], NAMES);
  assert.equal(headers.get("Subject"), LETTER.subject);
  assert.equal(headers.get("Message-ID"), LETTER.messageId);
  assert.equal(headers.get("Date"), "Fri, 02 Jan 2026 03:04:05 +0000");
  assert.deepEqual(parts, [LETTER.text, LETTER.html]);
});

test("whatever a subject, a name or a body holds, the message keeps its shape, in short lines of ASCII", () => {
  const anything = fc.string({ unit: "binary", maxLength: 300 });
  fc.assert(
    fc.property(anything, anything, anything, (subject, text, html) => {
      const message = compose({ ...LETTER, subject, text, html });
      const { headers, parts } = parse(message);
      assert.deepEqual([...headers.keys()], NAMES);
      const plain = (value: string) => value.toWellFormed().replace(/\r?\n/g, "\n");
      assert.deepEqual(parts, [plain(text), plain(html)]);
      for (const line of message.toString("latin1").split(/\r?\n/)) {
        assert.match(line, /^[\t\r\x20-\x7e]*$/);
        assert.ok(line.length <= 998, `${line.length} characters`);
      }
    }),
  );
});

test("a subject that is not plain is encoded so that a reader sees it", () => {
  const subject = parse(compose({ ...LETTER, subject: "Grüße ✓" })).headers.get("Subject") ?? "";
  const words = [...subject.matchAll(/=\?UTF-8\?B\?(.*?)\?=/gi)].map(([, word]) => Buffer.from(word ?? "", "base64"));
  assert.equal(Buffer.concat(words).toString(), "Grüße ✓");
});

test("an address is one header value without line breaks, with its domain in ASCII", () => {
  assert.equal(addressHeader("ada+1@example.test"), "ada+1@example.test");
  assert.equal(addressHeader("ada@bücher.example"), "ada@xn--bcher-kva.example");
  assert.equal(bareAddress(addressHeader("Banyan <orders@banyan.example>")), "orders@banyan.example");
  assert.doesNotMatch(addressHeader("a@b.example\r\nBcc: c@d.example"), /[\r\n]/);
  assert.equal(bareAddress("ada@example.test"), "ada@example.test");
});
