"""Setting units aside for an order: all its lines or none."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta

from inventory.app.ports import StockWriter
from inventory.domain.errors import OutOfStock, ReservationEnded, ReservationExists, ReservationNotFound
from inventory.domain.events import StockChanged
from inventory.domain.reservation import Reservation, State
from inventory.domain.stock import Cause, Stock


async def reserve(
    stock: StockWriter, order_id: str, items: Mapping[str, int], *, ttl: timedelta, now: datetime
) -> Reservation:
    """Holds `items` (product to units) for `ttl`; a repeat gives the same reservation.

    Raises OutOfStock, ReservationExists (other items before) or ReservationEnded.
    """
    reservation = Reservation(
        order_id=order_id,
        state=State.HELD,
        expires_at=now + ttl,
        created_at=now,
        updated_at=now,
        items=dict(items),
    )
    levels = await stock.insert_reservation(reservation)
    if levels is None:
        return await _repeated(stock, order_id, items)
    require_available(levels, items)
    await stock.record(
        [
            StockChanged(levels[product].reserve(units, now), units, Cause.RESERVED, order_id)
            for product, units in items.items()
        ]
    )
    return reservation


async def _repeated(stock: StockWriter, order_id: str, items: Mapping[str, int]) -> Reservation:
    found = await stock.lock_order(order_id)
    if found is None:  # nothing ever deletes one
        raise ReservationNotFound(order_id)
    before, _ = found
    if before.ended:
        raise ReservationEnded(order_id, before.state)
    if dict(before.items) != dict(items):
        raise ReservationExists(order_id)
    return before


def require_available(levels: Mapping[str, Stock], items: Mapping[str, int]) -> None:
    """Raises OutOfStock, with every line that is short."""
    short = [
        (line, product, units, levels[product].available if product in levels else 0)
        for line, (product, units) in enumerate(items.items())
        if product not in levels or levels[product].available < units
    ]
    if short:
        raise OutOfStock(short)
