/** An HTTP provider of short messages that refuses as it is told; for what the sinks never do. */
import { once } from "node:events";
import { createServer } from "node:http";
import { portOf } from "./processes.ts";

export interface ScriptedProvider extends AsyncDisposable {
  readonly url: string;
  /** The Idempotency-Key of every call, in order. */
  readonly calls: string[];
  /** Whether call number n, from 0, is answered with 503 and not with 200. */
  refuses: (n: number) => boolean;
}

export async function scriptedProvider(): Promise<ScriptedProvider> {
  const server = createServer((request, response) => {
    const status = provider.refuses(provider.calls.length) ? 503 : 200;
    provider.calls.push(String(request.headers["idempotency-key"]));
    request.resume().on("end", () => response.writeHead(status).end());
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  const provider: ScriptedProvider = {
    url: `http://127.0.0.1:${portOf(server)}`,
    calls: [],
    refuses: () => false,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      server.close();
      await once(server, "close");
    },
  };
  return provider;
}
