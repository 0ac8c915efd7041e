/** Metrics of every service of the mesh, by the names of protos/config/telemetry.yaml, on a registry of their own. */
import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from "@prometheus-io/client";

const SECONDS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];

export type Metrics = ReturnType<typeof createMetrics>;

/** A fresh registry with the common metrics; a service adds its own to `registry`. */
export function createMetrics() {
  const registry = new Registry();
  // The default of 10 ms would wake an idle process a hundred times a second.
  collectDefaultMetrics({ register: registry, eventLoopMonitoringPrecision: 200, eventLoopUtilizationTimeout: 5000 });
  const base = { registers: [registry] };
  return { registry, ...rpcMetrics(base), ...databaseMetrics(base), ...eventMetrics(base), ...liveMetrics(base) };
}

interface Base {
  readonly registers: Registry[];
}

function rpcMetrics(base: Base) {
  return {
    rpcDuration: new Histogram({
      name: "rpc_server_call_duration_seconds",
      help: "Time from headers to the end of an RPC that came in",
      labelNames: ["rpc_service", "rpc_method", "grpc_status"] as const,
      buckets: SECONDS,
      ...base,
    }),
    rpcInFlight: gauge("rpc_server_in_flight", "RPCs running now", base),
    rpcShed: counter("rpc_server_shed_total", "RPCs refused because the server was full", base),
    rpcNoDeadline: counter("rpc_server_no_deadline_total", "RPCs that came without a deadline", base),
    clientDuration: new Histogram({
      name: "rpc_client_call_duration_seconds",
      help: "Time of a call that went out",
      labelNames: ["upstream", "rpc_method", "grpc_status"] as const,
      buckets: SECONDS,
      ...base,
    }),
    clientRetries: new Counter({
      name: "rpc_client_retries_total",
      help: "Calls out beyond the first for the same thing, each on the retry budget",
      labelNames: ["upstream"] as const,
      ...base,
    }),
    circuitState: new Gauge({
      name: "rpc_client_circuit_state",
      help: "0 closed, 1 half open, 2 open",
      labelNames: ["upstream"] as const,
      ...base,
    }),
  };
}

function databaseMetrics(base: Base) {
  return {
    poolWait: new Histogram({
      name: "db_pool_wait_seconds",
      help: "Time spent waiting for a connection",
      buckets: SECONDS,
      ...base,
    }),
    poolUse: new Histogram({
      name: "db_pool_use_seconds",
      help: "Time a connection was held; the rate of its sum is how many are in use on average",
      buckets: SECONDS,
      ...base,
    }),
    poolConnections: new Gauge({
      name: "db_pool_connections",
      help: "Connections, `used` or `idle`",
      labelNames: ["state"] as const,
      ...base,
    }),
    poolMax: gauge("db_pool_max", "The most connections the pool opens", base),
  };
}

function eventMetrics(base: Base) {
  return {
    outboxBacklog: gauge("outbox_backlog", "Events not acknowledged by the broker yet", base),
    outboxOldestAge: gauge("outbox_oldest_age_seconds", "Age of the oldest such event, 0 without one", base),
    outboxPublished: counter("outbox_published_total", "Events the broker acknowledged", base),
    inboxEvents: new Counter({
      name: "inbox_events_total",
      help: "Events by outcome: processed, duplicate, retried, dead_lettered",
      labelNames: ["consumer", "subject", "outcome"] as const,
      ...base,
    }),
  };
}

function liveMetrics(base: Base) {
  return {
    liveReloads: new Counter({
      name: "live_settings_reloads_total",
      help: "Changes of the file of live settings, `applied` or `refused`",
      labelNames: ["outcome"] as const,
      ...base,
    }),
    liveValid: gauge("live_settings_valid", "1 while the file of live settings can be applied, else 0", base),
  };
}

function counter(name: string, help: string, base: Base): Counter {
  return new Counter({ name, help, ...base });
}

function gauge(name: string, help: string, base: Base): Gauge {
  return new Gauge({ name, help, ...base });
}
