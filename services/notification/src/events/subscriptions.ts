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
import { type Event, type Subscription, subscription } from "../platform/inbox.ts";
import { orderCancelled, orderConfirmed, orderRejected } from "./order.ts";
import { paymentRefunded } from "./payment.ts";
import { shipmentDelivered, shipmentDispatched } from "./shipping.ts";
import { userRegistered, userUpdated } from "./user.ts";

/** Stream → its subscriptions. `within` gives the work that belongs to the consumer's transaction. */
export function subscriptions(tell: Tell, within: (tx: Transaction) => Work): Record<string, Subscription[]> {
  const on = <D extends DescMessage>(
    subject: string,
    schema: D,
    handle: (event: Event<MessageShape<D>>, work: Work, tell: Tell) => Promise<void>,
  ): Subscription => subscription(subject, schema, (event, tx) => handle(event, within(tx), tell));
  return {
    USER: [
      on("user.registered", UserRegisteredSchema, userRegistered),
      on("user.updated", UserUpdatedSchema, userUpdated),
    ],
    ORDER: [
      on("order.confirmed", OrderConfirmedSchema, orderConfirmed),
      on("order.rejected", OrderRejectedSchema, orderRejected),
      on("order.cancelled", OrderCancelledSchema, orderCancelled),
    ],
    PAYMENT: [on("payment.refunded", PaymentRefundedSchema, paymentRefunded)],
    SHIPPING: [
      on("shipping.dispatched", ShipmentDispatchedSchema, shipmentDispatched),
      on("shipping.delivered", ShipmentDeliveredSchema, shipmentDelivered),
    ],
  };
}
