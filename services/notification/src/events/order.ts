/** `order.*`: receipts. */
import type { Work } from "../app/ports.ts";
import type { Tell } from "../app/tell.ts";
import type { OrderFacts } from "../domain/occasion.ts";
import type { OrderCancelled, OrderConfirmed, OrderRejected } from "../gen/banyan/order/v1/order_events_pb.js";
import type { Order } from "../gen/banyan/order/v1/order_pb.js";
import type { AfterCommit, Event } from "../platform/subscription.ts";
import { money, required } from "./required.ts";

export async function orderConfirmed(event: Event<OrderConfirmed>, work: Work, tell: Tell): Promise<AfterCommit> {
  const order = required(event.message.order, "order");
  const { orderId, userId } = order;
  return await tell.person(work, event.id, userId, { template: "order_confirmed", orderId, order: factsOf(order) });
}

export async function orderRejected(event: Event<OrderRejected>, work: Work, tell: Tell): Promise<AfterCommit> {
  const { orderId, userId, rejectionReason } = required(event.message.order, "order");
  return await tell.person(work, event.id, userId, { template: "order_rejected", orderId, reason: rejectionReason });
}

export async function orderCancelled(event: Event<OrderCancelled>, work: Work, tell: Tell): Promise<AfterCommit> {
  const { orderId, userId, refunded: amount } = required(event.message.order, "order");
  const refunded = amount && amount.minorUnits > 0n ? money(amount, "order.refunded") : undefined;
  return await tell.person(work, event.id, userId, { template: "order_cancelled", orderId, refunded });
}

function factsOf(order: Order): OrderFacts {
  return {
    lines: order.lines.map((line) => ({
      name: line.name,
      quantity: line.quantity,
      unitPrice: money(line.unitPrice, "order.lines.unit_price"),
      lineTotal: money(line.lineTotal, "order.lines.line_total"),
    })),
    subtotal: money(order.subtotal, "order.subtotal"),
    shippingPrice: money(order.shippingPrice, "order.shipping_price"),
    total: money(order.total, "order.total"),
  };
}
