"""The end of a reservation: sold, given back, expired, restocked."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Final

from inventory.app.ports import StockWriter
from inventory.domain.errors import ReservationEnded, ReservationNotFound
from inventory.domain.events import StockChanged
from inventory.domain.reservation import Reservation, State
from inventory.domain.stock import Cause, Stock

Move = Callable[[Stock, int, datetime], Stock]
_MOVES: Final[dict[State, tuple[Cause, Move]]] = {
    State.COMMITTED: (Cause.COMMITTED, Stock.sell),
    State.RELEASED: (Cause.RELEASED, Stock.give_back),
    State.EXPIRED: (Cause.EXPIRED, Stock.give_back),
    State.RESTOCKED: (Cause.RESTOCKED, Stock.restock),
}


async def commit(stock: StockWriter, order_id: str, *, now: datetime) -> Reservation:
    """Turns a held reservation into a sale; a repeat changes nothing. Raises ReservationNotFound, ReservationEnded.

    One that is past its time but not swept yet is still good: its units are still set aside.
    """
    found = await stock.lock_order(order_id)
    if found is None:
        raise ReservationNotFound(order_id)
    reservation, levels = found
    if reservation.state is State.COMMITTED:
        return reservation
    if reservation.ended:
        raise ReservationEnded(order_id, reservation.state)
    return await _become(stock, reservation, levels, State.COMMITTED, now)


async def release(stock: StockWriter, order_id: str, *, now: datetime) -> Reservation:
    """Gives a reservation back: a held one to the shelf, a sold one restocked; a repeat changes nothing.

    An order without one gets an ended one, so that a Reserve that was lost on its way can't succeed later.
    """
    found = await stock.lock_order(order_id)
    if found is None:
        closed = Reservation(
            order_id=order_id, state=State.RELEASED, expires_at=now, created_at=now, updated_at=now
        )
        if await stock.insert_reservation(closed) is not None:
            return closed
        # A Reserve came in between, and has ended by now.
        found = await stock.lock_order(order_id)
        if found is None:
            raise ReservationNotFound(order_id)
    reservation, levels = found
    if reservation.ended:
        return reservation
    state = State.RESTOCKED if reservation.state is State.COMMITTED else State.RELEASED
    return await _become(stock, reservation, levels, state, now)


async def expire(stock: StockWriter, order_id: str, *, now: datetime) -> bool:
    """Gives back a reservation that is held beyond its time; whether it did."""
    found = await stock.lock_order(order_id)
    if found is None or not found[0].expired(now):
        return False
    await _become(stock, *found, State.EXPIRED, now)
    return True


async def _become(
    stock: StockWriter, reservation: Reservation, levels: Mapping[str, Stock], state: State, now: datetime
) -> Reservation:
    changed = reservation.become(state, now)
    cause, move = _MOVES[state]
    changes = [
        StockChanged(move(levels[product], units, now), units, cause, reservation.order_id)
        for product, units in reservation.items.items()
    ]
    await stock.record(changes, changed)
    return changed
