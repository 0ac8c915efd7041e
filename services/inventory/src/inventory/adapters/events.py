"""Inventory's events as they go on the wire."""

from __future__ import annotations

from typing import Final

from banyan.inventory.v1 import inventory_events_pb2 as pb
from inventory.domain.events import StockChanged
from inventory.domain.stock import Cause
from inventory.rpc.mapping import stock_message
from meshkit.outbox import NewEvent

_CAUSES: Final = {cause: f"CAUSE_{cause.name}" for cause in Cause}


def outgoing(change: StockChanged) -> NewEvent:
    """Subject, entity and message of an event."""
    message = pb.StockChanged(
        stock=stock_message(change.stock, staff=True), cause=_CAUSES[change.cause], order_id=change.order_id
    )
    return NewEvent(message, "inventory.stock_changed", change.stock.product_id)
