/** Which events of which stream are heard, and by which handler. */
import type { DescMessage, MessageShape } from "@bufbuild/protobuf";
import type { Work } from "../app/ports.ts";
import type { Tell } from "../app/tell.ts";
import {
  OrderCancelledSchema,
  OrderConfirmedSchema,
  OrderRejectedSchema,
} from "../gen/banyan/order/v1/order_events_pb.js";
import { PaymentRefundedSchema } from "../gen/banyan/payment/v1/payment_events_pb.js";
import { ShipmentDeliveredSchema, ShipmentDispatchedSchema } from "../gen/banyan/shipping/v1/shipping_events_pb.js";
import { UserRegisteredSchema, UserUpdatedSchema } from "../gen/banyan/user/v1/user_events_pb.js";
import type { Transaction } from "../platform/database.ts";
import { type AfterCommit, type Event, type Subscription, subscription } from "../platform/subscription.ts";
import { orderCancelled, orderConfirmed, orderRejected } from "./order.ts";
import { paymentRefunded } from "./payment.ts";
import { shipmentDelivered, shipmentDispatched } from "./shipping.ts";
import { userRegistered, userUpdated } from "./user.ts";

export const STREAMS = ["USER", "ORDER", "PAYMENT", "SHIPPING"] as const;
export type Stream = (typeof STREAMS)[number];

/** The subscriptions of one stream. `within` gives the work that belongs to the consumer's transaction. */
export function subscriptions(stream: Stream, tell: Tell, within: (tx: Transaction) => Work): Subscription[] {
  const on = <D extends DescMessage>(
    subject: string,
    schema: D,
    handle: (event: Event<MessageShape<D>>, work: Work, tell: Tell) => Promise<AfterCommit>,
  ): Subscription => subscription(subject, schema, (event, tx) => handle(event, within(tx), tell));
  switch (stream) {
    case "USER":
      return [
        on("user.registered", UserRegisteredSchema, userRegistered),
        on("user.updated", UserUpdatedSchema, userUpdated),
      ];
    case "ORDER":
      return [
        on("order.confirmed", OrderConfirmedSchema, orderConfirmed),
        on("order.rejected", OrderRejectedSchema, orderRejected),
        on("order.cancelled", OrderCancelledSchema, orderCancelled),
      ];
    case "PAYMENT":
      return [on("payment.refunded", PaymentRefundedSchema, paymentRefunded)];
    case "SHIPPING":
      return [
        on("shipping.dispatched", ShipmentDispatchedSchema, shipmentDispatched),
        on("shipping.delivered", ShipmentDeliveredSchema, shipmentDelivered),
      ];
  }
}
