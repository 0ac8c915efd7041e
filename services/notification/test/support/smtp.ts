/** An SMTP server that answers the end of each message as it is told; for what the mail catcher never does. */
import { createServer, type Socket } from "node:net";

export type Verdict = "250 2.0.0 taken" | "451 4.3.0 later" | "550 5.1.1 nobody" | "silence";

export interface ScriptedSmtp extends AsyncDisposable {
  readonly url: string;
  /** Message-ID of every message whose end was seen, refused ones too. */
  readonly seen: string[];
  readonly taken: string[];
  /** Answers to the next messages, one each; after them all are taken. */
  readonly verdicts: Verdict[];
  /** Milliseconds between the end of a message and its answer. */
  delayMs: number;
}

export async function scriptedSmtp(): Promise<ScriptedSmtp> {
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on("close", () => sockets.delete(socket)).on("error", () => socket.destroy());
    converse(socket, smtp);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("no port");
  const smtp: ScriptedSmtp = {
    url: `smtp://127.0.0.1:${address.port}`,
    seen: [],
    taken: [],
    verdicts: [],
    delayMs: 0,
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy();
      await new Promise<void>((resolve) => server.close(() => resolve()));
    },
  };
  return smtp;
}

function converse(socket: Socket, smtp: ScriptedSmtp): void {
  let buffer = "";
  let message: string[] | undefined;
  const say = (line: string) => socket.write(`${line}\r\n`);
  say("220 test");
  socket.on("data", (data) => {
    buffer += data.toString("utf8");
    for (let end = buffer.indexOf("\r\n"); end >= 0; end = buffer.indexOf("\r\n")) {
      const line = buffer.slice(0, end);
      buffer = buffer.slice(end + 2);
      if (message && line === ".") {
        judge(message, smtp, say);
        message = undefined;
      } else if (message) message.push(line);
      else if (/^DATA/i.test(line)) {
        message = [];
        say("354 go on");
      } else if (/^QUIT/i.test(line)) socket.end("221 bye\r\n");
      else say("250 ok");
    }
  });
}

function judge(message: readonly string[], smtp: ScriptedSmtp, say: (line: string) => void): void {
  const id = message.find((line) => /^message-id:/i.test(line))?.replace(/^[^<]*/, "") ?? "";
  smtp.seen.push(id);
  const verdict = smtp.verdicts.shift() ?? "250 2.0.0 taken";
  if (verdict.startsWith("250")) smtp.taken.push(id);
  if (verdict !== "silence") setTimeout(() => say(verdict), smtp.delayMs);
}
