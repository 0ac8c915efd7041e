/** Who a call is made for, as the edge put it into metadata, and whether they still wait for it. */
import { AsyncLocalStorage } from "node:async_hooks";
import type { Metadata } from "@grpc/grpc-js";

export interface Identity {
  /** Empty when nobody is signed in. */
  readonly userId: string;
  readonly roles: ReadonlySet<string>;
  readonly guestId: string;
}

/** What a servicer method gets beside its request. */
export interface CallContext {
  readonly identity: Identity;
  /** `/package.Service/Method`. */
  readonly method: string;
  /** Sent before the answer. */
  setInitialMetadata(key: string, value: string): void;
}

export function identityOf(metadata: Metadata): Identity {
  const text = (key: string): string => String(metadata.get(key)[0] ?? "");
  const roles = text("banyan-roles").split(",").filter(Boolean);
  return { userId: text("banyan-user"), roles: new Set(roles), guestId: text("banyan-guest") };
}

/** Whose idempotency keys these are. */
export function callerOf(identity: Identity): string {
  if (identity.userId) return identity.userId;
  return identity.guestId ? `guest:${identity.guestId}` : "internal";
}

const storage = new AsyncLocalStorage<AbortSignal>();

/**
 * The signal of the call that this piece of work is done for: it aborts with a ServiceError as its reason when the caller has
 * cancelled or its deadline has passed. Undefined for work that nobody waits for (events, loops). Whatever asks others within
 * a call must end its question by it.
 */
export function callSignal(): AbortSignal | undefined {
  return storage.getStore();
}

/** Runs `work`, and all that it starts, for the caller behind `signal`. */
export function withCallSignal<T>(signal: AbortSignal, work: () => T): T {
  return storage.run(signal, work);
}
