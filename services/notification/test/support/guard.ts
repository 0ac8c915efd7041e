/** A guard around calls out, and what it tells in metrics. */
import { Guard } from "../../src/platform/resilience.ts";
import { createMetrics } from "../../src/platform/telemetry.ts";

export function guard(more: object = {}) {
  const metrics = createMetrics();
  const options = { name: "x", metrics, timeoutMs: 1000, maxConcurrent: 1, failuresToOpen: 2, openMs: 60_000 };
  const lines = async () => (await metrics.registry.metrics()).split("\n");
  return {
    guard: new Guard({ ...options, isFault: () => true, ...more }),
    /** `rpc_client_circuit_state`. */
    state: async () =>
      Number((await lines()).find((line) => line.startsWith("rpc_client_circuit_state{"))?.split(" ")[1]),
    /** `rpc_client_retries_total`. */
    retries: async () =>
      Number((await lines()).find((line) => line.startsWith("rpc_client_retries_total{"))?.split(" ")[1]),
    /** `rpc_client_call_duration_seconds`: how many calls ended with each status. */
    calls: async () => {
      const counted =
        /^rpc_client_call_duration_seconds_count\{upstream="x",rpc_method="send",grpc_status="(\w+)"\} (\d+)/;
      const found = (await lines()).flatMap((line) => {
        const [, status, count] = counted.exec(line) ?? [];
        return status ? [[status, Number(count)]] : [];
      });
      return Object.fromEntries(found) as Record<string, number>;
    },
  };
}
