/** A nats-server with JetStream. */
import { eventually } from "./eventually.ts";
import { type Spawned, start } from "./processes.ts";
import { tool } from "./tools.ts";

/** Its store lies in `folder`: another one with the same folder and port goes on where this one ended. -1: any free port. */
export async function startNats(folder: string, port = -1): Promise<Spawned & { url: string }> {
  const server = start(tool("nats-server"), ["-js", "-sd", folder, "-a", "127.0.0.1", "-p", String(port)]);
  const bound = () => /Listening for client connections on 127\.0\.0\.1:(\d+)/.exec(server.output())?.[1];
  return { ...server, url: `nats://127.0.0.1:${await eventually(bound, 20_000)}` };
}
