"""Milestones as they go on the wire."""

from __future__ import annotations

from typing import Final

from banyan.shipping.v1 import shipping_events_pb2 as pb
from meshkit.outbox import NewEvent
from shipping.domain.shipment import Milestone, Shipment
from shipping.rpc.mapping import shipment_message

_TYPES: Final = {
    Milestone.CREATED: pb.ShipmentCreated,
    Milestone.DISPATCHED: pb.ShipmentDispatched,
    Milestone.DELIVERED: pb.ShipmentDelivered,
}


def outgoing(milestone: Milestone, shipment: Shipment) -> NewEvent:
    """Subject, entity and message of a milestone."""
    message = _TYPES[milestone](shipment=shipment_message(shipment))
    return NewEvent(message, f"shipping.{milestone.value}", shipment.id)
