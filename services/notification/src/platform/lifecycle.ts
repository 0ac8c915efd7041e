/** Start order and stop order of a process, with a time limit for each step. */
import type { Admin } from "./admin.ts";
import type { GrpcServer } from "./grpc-server.ts";
import type { Health } from "./health.ts";
import type { Logger } from "./logger.ts";
import { pause, withTimeout } from "./wait.ts";

const STEP_TIMEOUT_MS = 5000;

/** Something that runs beside the server. `stop` gets the milliseconds that are left for it. */
export interface Component {
  readonly name: string;
  start(): void | Promise<void>;
  stop(graceMs: number): Promise<void>;
}

export interface App {
  readonly name: string;
  readonly logger: Logger;
  readonly health: Health;
  readonly admin: Admin;
  readonly grpc: GrpcServer;
  readonly listen: { readonly grpc: string; readonly admin: string };
  readonly drain: { readonly delayMs: number; readonly graceMs: number };
  /** Connections and pools: started first, closed last. */
  readonly resources: readonly Component[];
  /** Consumers, relays and loops: stopped when no call is left. */
  readonly workers: readonly Component[];
  /** Flushed at the very end. */
  readonly telemetry: Component;
}

export interface Running {
  readonly addresses: { readonly grpc: string; readonly admin: string };
  /** Drains and stops everything; a second call waits for the same end. */
  stop(): Promise<void>;
}

/** Starts everything and says so in one `ready` line. Rejects when a port can't be had. */
export async function start(app: App): Promise<Running> {
  const admin = await app.admin.start(app.listen.admin);
  for (const component of [...app.resources, ...app.workers]) await component.start();
  await app.health.start();
  const grpc = await app.grpc.start(app.listen.grpc);
  const addresses = { grpc, admin };
  app.logger.info({ ...addresses, start_ms: Math.round(performance.now()) }, "ready");
  let stopping: Promise<void> | undefined;
  return {
    addresses,
    stop: () => {
      stopping ??= stop(app);
      return stopping;
    },
  };
}

/** NOT_SERVING → drain delay → calls end → consumers, relays, loops → connections → telemetry. */
async function stop(app: App): Promise<void> {
  app.logger.info("stopping");
  app.health.drain();
  await pause(app.drain.delayMs, new AbortController().signal);
  await step(app, "grpc", app.drain.graceMs + STEP_TIMEOUT_MS, () => app.grpc.stop(app.drain.graceMs));
  const workers = app.workers.map((worker) =>
    step(app, worker.name, app.drain.graceMs + STEP_TIMEOUT_MS, () => worker.stop(app.drain.graceMs)),
  );
  await Promise.all(workers);
  for (const resource of app.resources.toReversed()) {
    await step(app, resource.name, STEP_TIMEOUT_MS, () => resource.stop(STEP_TIMEOUT_MS));
  }
  await step(app, "telemetry", STEP_TIMEOUT_MS, () => app.telemetry.stop(STEP_TIMEOUT_MS));
  await step(app, "admin", STEP_TIMEOUT_MS, () => app.admin.stop());
  app.logger.info("stopped");
}

async function step(app: App, name: string, limitMs: number, work: () => Promise<void>): Promise<void> {
  try {
    await withTimeout(work(), limitMs, name);
  } catch (error) {
    app.logger.error({ error, step: name }, "stop step failed, going on");
  }
}
