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
  const counter = (name: string, help: string) => new Counter({ name, help, ...base });
  const gauge = (name: string, help: string) => new Gauge({ name, help, ...base });
  return {
    registry,
    rpcDuration: new Histogram({
      name: "rpc_server_call_duration_seconds",
      help: "Time from headers to the end of an RPC that came in",
      labelNames: ["rpc_service", "rpc_method", "grpc_status"] as const,
      buckets: SECONDS,
      ...base,
    }),
    rpcInFlight: gauge("rpc_server_in_flight", "RPCs running now"),
    rpcShed: counter("rpc_server_shed_total", "RPCs refused because the server was full"),
    rpcNoDeadline: counter("rpc_server_no_deadline_total", "RPCs that came without a deadline"),
    poolWait: new Histogram({
      name: "db_pool_wait_seconds",
      help: "Time spent waiting for a connection",
      buckets: SECONDS,
      ...base,
    }),
    poolConnections: new Gauge({
      name: "db_pool_connections",
      help: "Connections, `used` or `idle`",
      labelNames: ["state"] as const,
      ...base,
    }),
    poolMax: gauge("db_pool_max", "The most connections the pool opens"),
    outboxBacklog: gauge("outbox_backlog", "Events not acknowledged by the broker yet"),
    outboxOldestAge: gauge("outbox_oldest_age_seconds", "Age of the oldest such event, 0 without one"),
    outboxPublished: counter("outbox_published_total", "Events the broker acknowledged"),
    inboxEvents: new Counter({
      name: "inbox_events_total",
      help: "Events by outcome: processed, duplicate, retried, dead_lettered",
      labelNames: ["consumer", "subject", "outcome"] as const,
      ...base,
    }),
  };
}
