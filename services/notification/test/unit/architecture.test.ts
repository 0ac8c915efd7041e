import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { join, relative } from "node:path";
import { test } from "node:test";
import { ROOT, SERVICE } from "../support/tools.ts";

const SOURCE = join(SERVICE, "src");
const MAX_LINES = 300;

/** Layer → the layers and packages it may import. `gen` is the contract; `platform` knows no shop. */
const MAY_IMPORT: Record<string, readonly string[]> = {
  domain: ["domain", "platform/errors.ts", "platform/wait.ts"],
  app: ["domain", "app", "platform"],
  adapters: ["domain", "app", "adapters", "platform", "postgres", "nodemailer", "handlebars", "node:fs", "node:stream"],
  rpc: ["domain", "app", "rpc", "platform", "gen", "@bufbuild/protobuf"],
  events: ["domain", "app", "events", "rpc", "platform", "gen", "@bufbuild/protobuf"],
};
/** `order` is left out: it is also what lists have. */
const SHOP_NOUNS = /\b(notification|preference|contact|payment|shipment|customer|cart|delivery)s?\b/i;

interface Source {
  readonly path: string;
  readonly text: string;
}

const sources: Source[] = readdirSync(SOURCE, { recursive: true, encoding: "utf8" })
  .filter((path) => path.endsWith(".ts") && !path.startsWith("gen/"))
  .map((path) => ({ path, text: readFileSync(join(SOURCE, path), "utf8") }));

function imports({ path, text }: Source): string[] {
  return [...text.matchAll(/(?:from|import)\s*\(?\s*"([^"]+)"/g)].map(([, name]) => {
    const imported = name ?? "";
    return imported.startsWith(".") ? relative(SOURCE, join(SOURCE, path, "..", imported)) : imported;
  });
}

test("imports point inwards", () => {
  for (const source of sources) {
    const allowed = MAY_IMPORT[source.path.split("/")[0] ?? ""];
    for (const imported of allowed ? imports(source) : []) {
      const fine = allowed?.some((prefix) => imported === prefix || imported.startsWith(`${prefix}/`));
      assert.ok(fine, `${source.path} imports ${imported}`);
    }
  }
});

test("the platform knows no shop and imports none of it", () => {
  for (const source of sources.filter(({ path }) => path.startsWith("platform/"))) {
    for (const imported of imports(source)) {
      const foreign =
        /^(domain|app|adapters|rpc|events)\//.test(imported) || /^gen\/banyan\/(?!options)/.test(imported);
      assert.ok(!foreign, `${source.path} imports ${imported}`);
    }
    assert.doesNotMatch(source.text, SHOP_NOUNS, source.path);
  }
});

test("only main reads the environment", () => {
  for (const { path, text } of sources) if (path !== "main.ts") assert.doesNotMatch(text, /process\.env/, path);
});

test("only the modules around them know cockatiel and nodemailer", () => {
  const users = (library: string) =>
    sources.filter((source) => imports(source).some((name) => name.split("/")[0] === library)).map(({ path }) => path);
  assert.deepEqual(users("cockatiel"), ["platform/resilience.ts"]);
  assert.deepEqual(users("nodemailer").sort(), ["adapters/mime.ts", "adapters/smtp.ts"]);
});

test("no file is longer than a person reads at once", () => {
  for (const { path, text } of sources) assert.ok(text.split("\n").length <= MAX_LINES, path);
});

test("the platform's tables are the mesh's, byte for byte", () => {
  const shared = readFileSync(join(ROOT, "services/_platform/sql/0001_platform.sql"), "utf8");
  assert.equal(readFileSync(join(SERVICE, "migrations/0001_platform.sql"), "utf8"), shared);
});

test("the lock file names no registry", () => {
  const lock = JSON.parse(readFileSync(join(SERVICE, "package-lock.json"), "utf8")) as {
    packages: Record<string, object>;
  };
  for (const [name, entry] of Object.entries(lock.packages)) assert.ok(!("resolved" in entry), name);
});
