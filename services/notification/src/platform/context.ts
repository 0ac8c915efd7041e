/** Who a call is made for, as the edge put it into metadata. */
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
