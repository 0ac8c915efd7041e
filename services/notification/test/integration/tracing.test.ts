import assert from "node:assert/strict";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { Server, ServerCredentials } from "@grpc/grpc-js";
import { NotificationService } from "../../src/gen/banyan/notification/v1/notification_service_pb.js";
import { TestClient } from "../support/client.ts";
import { eventually } from "../support/eventually.ts";
import { createDatabase, newId } from "../support/harness.ts";
import { environment, startProcess } from "../support/service-process.ts";

const TRACE_ID = "0af7651916cd43dd8448eb211c80319c";

/** An OTLP collector that keeps what it gets as it came. */
async function collector(): Promise<{ url: string; received: Buffer[]; stop(): void }> {
  const received: Buffer[] = [];
  const server = new Server();
  const path = "/opentelemetry.proto.collector.trace.v1.TraceService/Export";
  const asIs = (bytes: Buffer) => bytes;
  const bytes = {
    requestSerialize: asIs,
    requestDeserialize: asIs,
    responseSerialize: asIs,
    responseDeserialize: asIs,
  };
  server.addService(
    { Export: { path, requestStream: false, responseStream: false, ...bytes } },
    {
      Export: (call: { request: Buffer }, reply: (error: null, response: Buffer) => void) => {
        received.push(call.request);
        reply(null, Buffer.alloc(0));
      },
    },
  );
  const port = await new Promise<number>((resolve, reject) => {
    const credentials = ServerCredentials.createInsecure();
    server.bindAsync("127.0.0.1:0", credentials, (error, bound) => (error ? reject(error) : resolve(bound)));
  });
  return { url: `http://127.0.0.1:${port}`, received, stop: () => server.forceShutdown() };
}

test("spans leave by OTLP in the caller's trace when an endpoint is set, at the latest at the stop", async () => {
  await using database = await createDatabase();
  const otlp = await collector();
  const child = await startProcess(environment(database.url, { OTEL_EXPORTER_OTLP_ENDPOINT: otlp.url }));
  try {
    using client = new TestClient(child.grpc);
    const metadata = { traceparent: `00-${TRACE_ID}-b7ad6b7169203331-01` };
    await client.call(NotificationService.method.getPreferences, {}, { user: newId(), metadata });
    assert.equal(await child.stop(), 0);
    const all = await eventually(() => otlp.received.length > 0 && Buffer.concat(otlp.received));
    assert.ok(all.includes(Buffer.from(TRACE_ID, "hex")));
    assert.ok(all.includes("notification") && all.includes("NotificationService/GetPreferences"));
  } finally {
    await child.stop();
    otlp.stop();
  }
});

test("by live settings no trace that begins here leaves, but those of callers do", async () => {
  await using database = await createDatabase();
  const folder = await mkdtemp(join(tmpdir(), "live-"));
  const file = join(folder, "live.json");
  await writeFile(file, '{"trace_percent": 0}');
  const otlp = await collector();
  const more = { OTEL_EXPORTER_OTLP_ENDPOINT: otlp.url, BANYAN_LIVE_FILE: file };
  const child = await startProcess(environment(database.url, more));
  try {
    using client = new TestClient(child.grpc);
    const metadata = { traceparent: `00-${TRACE_ID}-b7ad6b7169203331-01` };
    await client.call(NotificationService.method.listNotifications, {}, { user: newId() });
    await client.call(NotificationService.method.getPreferences, {}, { user: newId(), metadata });
    assert.equal(await child.stop(), 0);
    const all = await eventually(() => otlp.received.length > 0 && Buffer.concat(otlp.received));
    assert.ok(all.includes("NotificationService/GetPreferences"));
    assert.ok(!all.includes("NotificationService/ListNotifications"));
  } finally {
    await child.stop();
    otlp.stop();
    await rm(folder, { recursive: true });
  }
});
