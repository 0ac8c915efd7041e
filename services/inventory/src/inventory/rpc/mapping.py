"""Between the contract's messages and the domain, in both directions; pure functions."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Final

from google.protobuf.duration_pb2 import Duration
from google.protobuf.timestamp_pb2 import Timestamp

from banyan.inventory.v1 import inventory_pb2 as pb
from inventory.domain.errors import InvalidItems
from inventory.domain.reservation import Reservation, State
from inventory.domain.stock import Stock

DEFAULT_TTL: Final = timedelta(minutes=15)
_STATES: Final = {
    State.HELD: pb.RESERVATION_STATE_HELD,
    State.COMMITTED: pb.RESERVATION_STATE_COMMITTED,
    State.RELEASED: pb.RESERVATION_STATE_RELEASED,
    State.EXPIRED: pb.RESERVATION_STATE_EXPIRED,
    State.RESTOCKED: pb.RESERVATION_STATE_RESTOCKED,
}


def stock_message(stock: Stock, *, staff: bool) -> pb.Stock:
    """Every level for staff, otherwise what can be bought."""
    shown = pb.Stock(
        product_id=stock.product_id, available=stock.available, update_time=timestamp(stock.updated_at)
    )
    if staff:
        shown.received = stock.received
        shown.on_hand = stock.on_hand
        shown.reserved = stock.reserved
        shown.sold = stock.sold
        shown.restocked = stock.restocked
        shown.safety_stock = stock.safety_stock
    return shown


def reservation_message(reservation: Reservation) -> pb.Reservation:
    """A reservation as the wire has it."""
    return pb.Reservation(
        order_id=reservation.order_id,
        state=_STATES[reservation.state],
        items=[
            pb.StockItem(product_id=product, quantity=units) for product, units in reservation.items.items()
        ],
        expire_time=timestamp(reservation.expires_at),
    )


def items_of(messages: Iterable[pb.StockItem]) -> dict[str, int]:
    """Product to units. Raises InvalidItems when a product comes twice."""
    items: dict[str, int] = {}
    twice = []
    for line, message in enumerate(messages):
        if message.product_id in items:
            twice.append((f"items[{line}].product_id", "each product may come once"))
        items[message.product_id] = message.quantity
    if twice:
        raise InvalidItems(twice)
    return items


def ttl_of(message: Duration, given: bool) -> timedelta:
    """How long to hold, 15 minutes when it is not given."""
    return message.ToTimedelta() if given else DEFAULT_TTL


def timestamp(moment: datetime) -> Timestamp:
    """A moment as the wire has it."""
    stamp = Timestamp()
    stamp.FromDatetime(moment.astimezone(UTC))
    return stamp
