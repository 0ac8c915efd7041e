import { MemoryStore } from "../../src/adapters/memory-store.ts";
import { PostgresStore } from "../../src/adapters/postgres-store.ts";
import { announce } from "../../src/events/announce.ts";
import { Database } from "../../src/platform/database.ts";
import { createMetrics } from "../../src/platform/telemetry.ts";
import { createDatabase, type TestDatabase } from "../support/harness.ts";
import { storeContract } from "./store-suite.ts";

storeContract({
  name: "memory",
  open: async () => undefined,
  create: async (clock) => {
    const store = new MemoryStore(clock, announce);
    return { store, announced: async () => store.announced.map(({ subject, entityId }) => ({ subject, entityId })) };
  },
  close: async () => undefined,
});

let test: TestDatabase;
let database: Database;
storeContract({
  name: "PostgreSQL",
  open: async () => {
    test = await createDatabase();
    database = new Database(test.url, 8, "contract", createMetrics());
  },
  create: async (clock) => {
    await test.sql`TRUNCATE contacts, preferences, deliveries, outbox, inbox, idempotency`;
    return {
      store: new PostgresStore(database, clock, announce),
      announced: async () => {
        const rows = await test.sql`SELECT subject, entity_id AS "entityId" FROM outbox ORDER BY position`;
        return rows.map(({ subject, entityId }) => ({ subject, entityId }));
      },
    };
  },
  close: async () => {
    await database.stop(1000);
    await test[Symbol.asyncDispose]();
  },
});
