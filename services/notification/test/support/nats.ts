/** A nats-server with JetStream on a port of its own. */
import { eventually } from "./eventually.ts";
import { type Spawned, start } from "./processes.ts";
import { tool } from "./tools.ts";

export async function startNats(folder: string): Promise<Spawned & { url: string }> {
  const server = start(tool("nats-server"), ["-js", "-sd", folder, "-a", "127.0.0.1", "-p", "-1"]);
  const port = () => /Listening for client connections on 127\.0\.0\.1:(\d+)/.exec(server.output())?.[1];
  return { ...server, url: `nats://127.0.0.1:${await eventually(port, 20_000)}` };
}
