/** A fresh database, a broker client that plays the other services, and the whole service on port 0. */
import { randomBytes } from "node:crypto";
import { join } from "node:path";
import { after } from "node:test";
import { create, type DescMessage, type MessageInitShape, toBinary } from "@bufbuild/protobuf";
import { type JetStreamManager, jetstream, jetstreamManager } from "@nats-io/jetstream";
import { connect, headers, type NatsConnection } from "@nats-io/transport-node";
import postgres, { type Sql } from "postgres";
import { build, type Overrides } from "../../src/bootstrap.ts";
import { loadSettings, type Settings } from "../../src/config.ts";
import { systemClock, uuid7 } from "../../src/platform/clock.ts";
import { type Running, start } from "../../src/platform/lifecycle.ts";
import { createLogger, type Logger } from "../../src/platform/logger.ts";
import { startNats } from "./nats.ts";

const clock = systemClock();
export const newId = (): string => uuid7(clock);

export function address(name: string): string {
  const value = process.env[name];
  if (!value) throw new Error(`${name} is not set: run by \`npm test\`, which starts the back ends`);
  return value;
}

export interface TestDatabase extends AsyncDisposable {
  readonly url: string;
  readonly sql: Sql;
}

/** A migrated database of its own. */
export async function createDatabase(): Promise<TestDatabase> {
  const server = address("TEST_POSTGRES_URL");
  const name = `t_${randomBytes(6).toString("hex")}`;
  const admin = postgres(`${server}/postgres`, { max: 1, onnotice: () => undefined });
  // Copying a template fails while another test copies it; PostgreSQL serialises who waits for the lock.
  await admin`SELECT pg_advisory_lock(1)`;
  await admin.unsafe(`CREATE DATABASE ${name} TEMPLATE template_notification`);
  await admin.end();
  const sql = postgres(`${server}/${name}`, { max: 2, onnotice: () => undefined });
  return {
    url: `${server}/${name}`,
    sql,
    async [Symbol.asyncDispose]() {
      await sql.end({ timeout: 2 });
      const last = postgres(`${server}/postgres`, { max: 1, onnotice: () => undefined });
      await last.unsafe(`DROP DATABASE ${name} WITH (FORCE)`);
      await last.end();
    },
  };
}

/** A logger that keeps its lines. */
export function memoryLogger(): { logger: Logger; lines: string[] } {
  const lines: string[] = [];
  return { lines, logger: createLogger("notification", "debug", { write: (line) => void lines.push(line) }) };
}

let ownNats: ReturnType<typeof startNats> | undefined;

after(async () => {
  await (await ownNats)?.stop();
});

/** The other services, as far as this one hears them. */
export class Mesh {
  readonly #connection: NatsConnection;
  readonly manager: JetStreamManager;

  private constructor(connection: NatsConnection, manager: JetStreamManager) {
    this.#connection = connection;
    this.manager = manager;
  }

  /** Empty streams and none of our consumers, on a broker of this test file's own. */
  static async fresh(streams: readonly string[] = ["USER", "ORDER", "PAYMENT", "SHIPPING"]): Promise<Mesh> {
    ownNats ??= startNats(join(address("TEST_FOLDER"), `nats-${process.pid}`));
    process.env["TEST_NATS_URL"] = (await ownNats).url;
    const mesh = await Mesh.at(address("TEST_NATS_URL"));
    for await (const { config } of mesh.manager.streams.list()) await mesh.manager.streams.delete(config.name);
    for (const name of streams) await mesh.addStream(name);
    return mesh;
  }

  /** On the broker at `url`, whose streams stay as they are. */
  static async at(url: string): Promise<Mesh> {
    const connection = await connect({ servers: url });
    return new Mesh(connection, await jetstreamManager(connection));
  }

  async addStream(name: string): Promise<void> {
    await this.manager.streams.add({ name, subjects: [`${name.toLowerCase()}.>`] });
  }

  /** Publishes as a producer's relay does; returns the event's id. */
  async publish<D extends DescMessage>(
    subject: string,
    schema: D,
    message: MessageInitShape<D>,
    id: string = newId(),
    more: Record<string, string> = {},
  ): Promise<string> {
    const fields = { "ce-id": id, "ce-type": schema.typeName, "content-type": "application/protobuf", ...more };
    await this.publishRaw(subject, toBinary(schema, create(schema, message)), fields);
    return id;
  }

  async publishRaw(subject: string, data: Uint8Array, fields: Record<string, string>): Promise<void> {
    const sent = headers();
    for (const [name, value] of Object.entries(fields)) sent.set(name, value);
    await jetstream(this.#connection).publish(subject, data, { headers: sent });
  }

  /** Everything in a stream, in order. */
  async stored(stream: string): Promise<{ subject: string; data: Uint8Array; header(name: string): string }[]> {
    const { state } = await this.manager.streams.info(stream);
    const found = [];
    for (let seq = state.first_seq; seq <= state.last_seq && seq > 0; seq += 1) {
      const message = await this.manager.streams.getMessage(stream, { seq });
      if (!message) continue;
      const header = (name: string): string => message.header?.get(name) ?? "";
      found.push({ subject: message.subject, data: message.data, header });
    }
    return found;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#connection.close();
  }
}

export function testSettings(databaseUrl: string, more: Record<string, string> = {}): Settings {
  return loadSettings({
    NOTIFICATION_GRPC_LISTEN: "127.0.0.1:0",
    NOTIFICATION_ADMIN_LISTEN: "127.0.0.1:0",
    NOTIFICATION_DATABASE_URL: databaseUrl,
    NOTIFICATION_DATABASE_POOL_MAX: "4",
    NATS_URL: address("TEST_NATS_URL"),
    MAIL_SMTP_ADDR: address("TEST_SMTP_ADDR"),
    SINKS_URL: address("TEST_SINKS_URL"),
    NOTIFICATION_DRAIN_GRACE_S: "2",
    NOTIFICATION_SEND_BACKOFF_S: "0.05",
    ...more,
  });
}

export interface Service extends Running, AsyncDisposable {
  readonly lines: string[];
}

export async function startService(settings: Settings, overrides: Overrides = {}): Promise<Service> {
  const { logger, lines } = memoryLogger();
  const running = await start(await build(settings, { logger, retryDelayMs: () => 50, ...overrides }));
  return { ...running, lines, [Symbol.asyncDispose]: () => running.stop() };
}

export interface Mail {
  id: string;
  from: string;
  to: string[];
  subject: string;
  text: string;
  html: string;
  message_id: string;
  headers: Record<string, string>;
}

/** What the mail catcher has for one address, oldest first. */
export async function mailsTo(email: string): Promise<Mail[]> {
  const response = await fetch(`${address("TEST_MAIL_URL")}/api/messages?to=${encodeURIComponent(email)}`);
  return ((await response.json()) as { messages: Mail[] }).messages;
}
