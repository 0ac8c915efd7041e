/** `payment.refunded`: the money is on its way back. */
import type { Work } from "../app/ports.ts";
import type { Tell } from "../app/tell.ts";
import type { PaymentRefunded } from "../gen/banyan/payment/v1/payment_events_pb.js";
import type { AfterCommit, Event } from "../platform/subscription.ts";
import { money, required } from "./required.ts";

export async function paymentRefunded(event: Event<PaymentRefunded>, work: Work, tell: Tell): Promise<AfterCommit> {
  const { orderId, userId } = required(event.message.payment, "payment");
  const amount = money(required(event.message.refund, "refund").amount, "refund.amount");
  return await tell.person(work, event.id, userId, { template: "payment_refunded", orderId, amount });
}
