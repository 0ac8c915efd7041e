/** The service as it is run: a process of its own, started by start.mjs. */
import { readFileSync } from "node:fs";
import { eventually } from "./eventually.ts";
import { address } from "./harness.ts";
import { type Spawned, start } from "./processes.ts";
import { SERVICE } from "./tools.ts";

const FLAGS = ["--max-old-space-size=96", "--max-semi-space-size=1"];

export interface ServiceProcess extends Spawned {
  readonly grpc: string;
  readonly admin: string;
  readonly lines: () => Record<string, unknown>[];
}

export function environment(databaseUrl: string, more: Record<string, string> = {}): Record<string, string> {
  return {
    PATH: process.env["PATH"] ?? "",
    NOTIFICATION_GRPC_LISTEN: "127.0.0.1:0",
    NOTIFICATION_ADMIN_LISTEN: "127.0.0.1:0",
    NOTIFICATION_DATABASE_URL: databaseUrl,
    NATS_URL: address("TEST_NATS_URL"),
    MAIL_SMTP_ADDR: address("TEST_SMTP_ADDR"),
    SINKS_URL: address("TEST_SINKS_URL"),
    ...more,
  };
}

export function spawnService(env: Record<string, string>): Spawned {
  return start(process.execPath, [...FLAGS, "start.mjs"], { cwd: SERVICE, env });
}

/** Starts it and waits for its ready line. */
export async function startProcess(env: Record<string, string>): Promise<ServiceProcess> {
  const child = spawnService(env);
  const lines = () => jsonLines(child.output());
  const ready = await eventually(() => lines().find(({ event }) => event === "ready"), 30_000).catch(async () => {
    await child.stop(0);
    throw new Error(`not ready: ${child.output()}`);
  });
  return { ...child, grpc: String(ready["grpc"]), admin: String(ready["admin"]), lines };
}

export function jsonLines(output: string): Record<string, unknown>[] {
  const whole = output.slice(0, output.lastIndexOf("\n")).split("\n").filter(Boolean);
  return whole.map((line) => JSON.parse(line) as Record<string, unknown>);
}

/**
 * Resident memory of a process's own in megabytes (10^6). Pages of the executable are not counted: they are shared, and how
 * many of its 126 MB are mapped (55 to 75 MB seen) is the kernel's choice.
 */
export function ownMegabytes(pid: number): number {
  const [, kilobytes] = /RssAnon:\s+(\d+) kB/.exec(readFileSync(`/proc/${pid}/status`, "utf8")) ?? [];
  return (Number(kilobytes) * 1024) / 1e6;
}
