"""The catalogue's events as they go on the wire."""

from __future__ import annotations

from datetime import UTC

from google.protobuf.timestamp_pb2 import Timestamp

from banyan.product.v1 import product_events_pb2 as pb
from meshkit.outbox import NewEvent
from product.domain.events import Event, ProductChanged
from product.rpc.mapping import product_message


def outgoing(event: Event) -> NewEvent:
    """Subject, entity and message of an event."""
    if isinstance(event, ProductChanged):
        message = pb.ProductChanged(product=product_message(event.product))
        return NewEvent(message, "product.changed", event.product.product_id)
    stamp = Timestamp()
    stamp.FromDatetime(event.deleted_at.astimezone(UTC))
    deleted = pb.ProductDeleted(product_id=event.product_id, delete_time=stamp)
    return NewEvent(deleted, "product.deleted", event.product_id)
