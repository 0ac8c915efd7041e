/** Real PostgreSQL, NATS, mail catcher and sinks, started once for all test files; their addresses go by the environment. */
import { chownSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import postgres from "postgres";
import { eventually } from "./eventually.ts";
import { startNats } from "./nats.ts";
import { freePort, run, type Spawned, start } from "./processes.ts";
import { postgresTool, ROOT, SERVICE, tool } from "./tools.ts";

const NOBODY = 65534;
const running: Spawned[] = [];
let folder = "";

/** Called by node --test before the first file. */
export async function globalSetup(): Promise<void> {
  folder = mkdtempSync(join(tmpdir(), "notification-test-"));
  chownSync(folder, ...owner());
  const [database, nats, mail, sinks] = await Promise.all([
    startPostgres(),
    startNats(join(folder, "nats")),
    startMail(),
    startSinks(),
  ]);
  process.env["TEST_POSTGRES_URL"] = database;
  process.env["TEST_NATS_URL"] = nats.url;
  process.env["TEST_FOLDER"] = folder;
  running.push(nats);
  process.env["TEST_SMTP_ADDR"] = mail.smtp;
  process.env["TEST_MAIL_URL"] = mail.http;
  process.env["TEST_SINKS_URL"] = sinks;
}

export async function globalTeardown(): Promise<void> {
  await Promise.all(running.map((one) => one.stop()));
  rmSync(folder, { recursive: true, force: true });
}

/** PostgreSQL refuses to run as root. */
function owner(): [number, number] {
  const root = process.getuid?.() === 0;
  return root ? [NOBODY, NOBODY] : [process.getuid?.() ?? 0, process.getgid?.() ?? 0];
}

async function startPostgres(): Promise<string> {
  const data = join(folder, "postgres");
  const [uid, gid] = owner();
  const as = { uid, gid, cwd: folder };
  await run(postgresTool("initdb"), ["-D", data, "-U", "postgres", "-A", "trust", "-E", "UTF8", "--no-sync"], as);
  const port = await freePort();
  const fast = ["fsync=off", "synchronous_commit=off", "full_page_writes=off", "max_connections=60"];
  const settings = [...fast, `port=${port}`, "listen_addresses=127.0.0.1", "unix_socket_directories="];
  running.push(start(postgresTool("postgres"), ["-D", data, ...settings.flatMap((one) => ["-c", one])], as));
  const url = `postgres://postgres@127.0.0.1:${port}`;
  await eventually(() => withAdmin(url, (sql) => sql`SELECT 1`), 30_000);
  await withAdmin(url, (sql) => sql`CREATE DATABASE template_notification`);
  const migrations = ["--migrations-dir", join(SERVICE, "migrations"), "--no-dump-schema", "up"];
  await run(tool("dbmate"), ["--url", `${url}/template_notification?sslmode=disable`, ...migrations]);
  return url;
}

async function withAdmin<T>(url: string, work: (sql: postgres.Sql) => PromiseLike<T>): Promise<T> {
  const sql = postgres(`${url}/postgres`, { max: 1, connect_timeout: 2, onnotice: () => undefined });
  try {
    return await work(sql);
  } finally {
    await sql.end({ timeout: 2 });
  }
}

async function startMail(): Promise<{ smtp: string; http: string }> {
  const ready = await startStandIn("mail", ["--smtp", "127.0.0.1:0"]);
  return { smtp: ready["smtp"] ?? "", http: `http://${ready["http"] ?? ""}` };
}

async function startSinks(): Promise<string> {
  const ready = await startStandIn("sinks", []);
  return `http://${ready["http"] ?? ""}`;
}

async function startStandIn(name: string, args: readonly string[]): Promise<Record<string, string>> {
  const options = ["-m", `local.standins.${name}`, "--listen", "127.0.0.1:0", "--data", join(folder, name), ...args];
  const child = start(tool("python"), options, { cwd: ROOT });
  running.push(child);
  const find = () =>
    child
      .output()
      .split("\n")
      .find((line) => line.includes('"event":"ready"'));
  return JSON.parse(await eventually(find, 30_000)) as Record<string, string>;
}
