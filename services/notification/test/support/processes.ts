/** Child processes of the tests: started, waited for by what they print, and always stopped. */
import { type ChildProcess, execFile, type SpawnOptions, spawn } from "node:child_process";
import { once } from "node:events";
import { createServer, type Server } from "node:net";
import { promisify } from "node:util";

export const run = promisify(execFile);

export interface Spawned {
  readonly process: ChildProcess;
  /** What it has written to stdout and stderr so far. */
  output(): string;
  /** Sends SIGTERM, then SIGKILL after `graceMs`; returns the exit code. */
  stop(graceMs?: number): Promise<number | null>;
}

export function start(command: string, args: readonly string[], options: SpawnOptions = {}): Spawned {
  const process = spawn(command, args, { ...options, stdio: ["ignore", "pipe", "pipe"] });
  let output = "";
  for (const stream of [process.stdout, process.stderr]) {
    stream?.on("data", (data: Buffer) => {
      output += data.toString();
    });
  }
  const exit = once(process, "exit");
  return {
    process,
    output: () => output,
    async stop(graceMs = 10_000) {
      if (process.exitCode !== null || process.signalCode !== null) return process.exitCode;
      process.kill("SIGTERM");
      const timer = setTimeout(() => process.kill("SIGKILL"), graceMs);
      await exit;
      clearTimeout(timer);
      return process.exitCode;
    },
  };
}

/** A port that was free a moment ago, for programs that can't take port 0. */
export async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const port = portOf(server);
  server.close();
  await once(server, "close");
  return port;
}

/** The port that `server` listens on. */
export function portOf(server: Server): number {
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("no port");
  return address.port;
}
