/** This service's own metrics, by the names of protos/config/telemetry.yaml. */
import { Counter, Gauge, type Registry } from "@prometheus-io/client";
import type { Store } from "./app/ports.ts";
import type { Logger } from "./platform/logger.ts";

export type ServiceMetrics = ReturnType<typeof createServiceMetrics>;

export function createServiceMetrics(registry: Registry, store: Store, logger: Logger) {
  const registers = [registry];
  new Gauge({
    name: "notification_pending",
    help: "Deliveries that wait for a try",
    registers,
    async collect() {
      try {
        this.set(await store.pendingCount());
      } catch (error) {
        // The last value stays: a scaler must not take an unreachable database for an empty queue.
        logger.warn({ error }, "pending deliveries not counted");
      }
    },
  });
  return {
    deliveries: new Counter({
      name: "notification_deliveries_total",
      help: "Tries by outcome: sent, retried, failed, suppressed",
      labelNames: ["channel", "outcome"] as const,
      registers,
    }),
  };
}
