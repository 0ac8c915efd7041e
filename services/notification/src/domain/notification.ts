/** A delivery: one message to one person by one channel, and the states it may pass through. */
import type { Template } from "./occasion.ts";

export const CHANNELS = ["EMAIL", "SMS", "PUSH"] as const;
export type Channel = (typeof CHANNELS)[number];

/**
 * PENDING → SENDING → SENT
 *    ↑          ├──→ FAILED
 *    └──────────┘ (try again later)
 *
 * SENDING is written before the provider is called, so that a sender that died in between is seen. SUPPRESSED is final.
 */
export type DeliveryState = "PENDING" | "SENDING" | "SENT" | "FAILED" | "SUPPRESSED";

export interface Delivery {
  /** UUIDv7; also the Message-ID and the provider's idempotency key, the same at each try. */
  readonly id: string;
  readonly eventId: string;
  readonly userId: string;
  readonly channel: Channel;
  readonly template: Template;
  /** Empty when it is about no order. */
  readonly orderId: string;
  readonly title: string;
  readonly state: DeliveryState;
  readonly attemptCount: number;
  readonly createTime: Date;
  readonly sendTime: Date | undefined;
}

/** What a provider needs. Personal data: never logged. */
export interface Content {
  readonly recipient: string;
  readonly title: string;
  readonly text: string;
  /** Empty except for e-mail. */
  readonly html: string;
}

/** A delivery that is to be stored, with its content. */
export interface NewDelivery extends Omit<Delivery, "state" | "attemptCount" | "sendTime">, Content {
  readonly state: "PENDING" | "SUPPRESSED";
  /** Of the event that caused it; empty when it had none. */
  readonly traceparent: string;
}

/** A delivery in the hands of one sender until `leaseEnd`. */
export interface Claim extends Content {
  readonly delivery: Delivery;
  readonly leaseId: string;
  readonly leaseEnd: Date;
  /** The sender before this one died while sending: the provider may have it already. */
  readonly resumed: boolean;
  readonly traceparent: string;
}

/** What came of one try. */
export type Result =
  | { readonly state: "SENT" }
  | { readonly state: "FAILED"; readonly reason: string }
  /** To be tried again after `delayMs`; `tried` false gives the try back. */
  | { readonly state: "PENDING"; readonly reason: string; readonly delayMs: number; readonly tried: boolean };

/** A try that has ended. */
export interface Attempt {
  readonly claim: Claim;
  readonly result: Result;
  /** Of the try itself, for the event that tells of it; empty when it had none. */
  readonly traceparent: string;
}

/** A person as this service knows them, from `user.*` events. */
export interface Contact {
  readonly userId: string;
  readonly email: string;
  readonly displayName: string;
  /** BCP 47 tag. */
  readonly locale: string;
  /** Of the account: an older event never overwrites a newer copy. */
  readonly updateTime: Date;
}
