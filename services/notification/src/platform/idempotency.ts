/** The first answer to each (caller, method, request_id), stored in the transaction of its effect. */
import { createHash } from "node:crypto";
import type { Transaction } from "./database.ts";
import { ServiceError } from "./errors.ts";

export const REPLAYED_KEY = "banyan-idempotency-replayed";

export interface IdempotencyKey {
  readonly caller: string;
  readonly method: string;
  readonly requestId: string;
  /** SHA-256 of the request's deterministic serialisation. */
  readonly hash: Uint8Array;
}

export interface Outcome {
  readonly response: Uint8Array;
  readonly replayed: boolean;
}

export function requestHash(serialised: Uint8Array): Uint8Array {
  return createHash("sha256").update(serialised).digest();
}

export function keyReused(): ServiceError {
  const text = "this request_id was used for another request";
  return new ServiceError("failed_precondition", "IDEMPOTENCY_KEY_REUSED", text);
}

export function inProgress(): ServiceError {
  return new ServiceError("aborted", "REQUEST_IN_PROGRESS", "the first request with this request_id still runs");
}

/** Runs `effect` once for `key`; later calls get the first answer. Rejects with ABORTED while the first one runs. */
export async function idempotent(
  tx: Transaction,
  key: IdempotencyKey,
  createdAt: Date,
  effect: () => Promise<Uint8Array>,
): Promise<Outcome> {
  const { caller, method, requestId } = key;
  const name = JSON.stringify([caller, method, requestId]);
  const [lock] = await tx<{ held: boolean }[]>`SELECT pg_try_advisory_xact_lock(hashtextextended(${name}, 0)) AS held`;
  if (!lock?.held) throw inProgress();
  const [stored] = await tx<{ request_hash: Uint8Array; response: Uint8Array }[]>`
    SELECT request_hash, response FROM idempotency
    WHERE caller = ${caller} AND method = ${method} AND request_id = ${requestId}`;
  if (stored) {
    if (!Buffer.from(stored.request_hash).equals(key.hash)) throw keyReused();
    return { response: stored.response, replayed: true };
  }
  const response = await effect();
  await tx`
    INSERT INTO idempotency (caller, method, request_id, request_hash, response, created_at)
    VALUES (${caller}, ${method}, ${requestId}, ${Buffer.from(key.hash)}, ${Buffer.from(response)}, ${createdAt})`;
  return { response, replayed: false };
}
