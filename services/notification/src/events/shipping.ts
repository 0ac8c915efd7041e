/** `shipping.*`: where the parcel is. */
import type { Work } from "../app/ports.ts";
import type { Tell } from "../app/tell.ts";
import type { ShipmentDelivered, ShipmentDispatched } from "../gen/banyan/shipping/v1/shipping_events_pb.js";
import type { AfterCommit, Event } from "../platform/subscription.ts";
import { required } from "./required.ts";

export async function shipmentDispatched(
  event: Event<ShipmentDispatched>,
  work: Work,
  tell: Tell,
): Promise<AfterCommit> {
  const { orderId, userId, trackingNumber } = required(event.message.shipment, "shipment");
  return await tell.person(work, event.id, userId, { template: "shipment_dispatched", orderId, trackingNumber });
}

export async function shipmentDelivered(event: Event<ShipmentDelivered>, work: Work, tell: Tell): Promise<AfterCommit> {
  const { orderId, userId } = required(event.message.shipment, "shipment");
  return await tell.person(work, event.id, userId, { template: "shipment_delivered", orderId });
}
