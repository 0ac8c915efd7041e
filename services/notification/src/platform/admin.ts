/** The admin port: /metrics for Prometheus, /livez and /readyz for whoever restarts and routes. */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import type { Health } from "./health.ts";
import type { Metrics } from "./telemetry.ts";

export class Admin {
  readonly #server: Server;
  readonly #metrics: Metrics;
  readonly #health: Health;

  constructor(metrics: Metrics, health: Health) {
    this.#metrics = metrics;
    this.#health = health;
    this.#server = createServer({ requestTimeout: 5000 }, (request, response) => {
      this.#answer(request, response).catch(() => {
        if (!response.headersSent) response.writeHead(500);
        response.end();
      });
    });
  }

  /** Binds `host:port`, port 0 for any. Returns the address. */
  async start(listen: string): Promise<string> {
    const colon = listen.lastIndexOf(":");
    const host = listen.slice(0, colon);
    await new Promise<void>((resolve, reject) => {
      this.#server.once("error", reject);
      this.#server.listen(Number(listen.slice(colon + 1)), host.replace(/^\[|\]$/g, ""), resolve);
    });
    return `${host}:${(this.#server.address() as AddressInfo).port}`;
  }

  async stop(): Promise<void> {
    await new Promise<void>((resolve) => {
      this.#server.close(() => resolve());
      this.#server.closeAllConnections();
    });
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const path = request.url?.split("?")[0];
    if (path === "/metrics") {
      const text = await this.#metrics.registry.metrics();
      response.writeHead(200, { "content-type": this.#metrics.registry.contentType }).end(text);
    } else if (path === "/livez") {
      const { failures } = this.#health;
      json(response, failures.length === 0, { alive: failures.length === 0, failures });
    } else if (path === "/readyz") {
      const readiness = await this.#health.check();
      json(response, readiness.ready, readiness);
    } else {
      response.writeHead(404).end();
    }
  }
}

function json(response: ServerResponse, good: boolean, body: object): void {
  response.writeHead(good ? 200 : 503, { "content-type": "application/json" }).end(JSON.stringify(body));
}
