"""Reservations that come at the same time share a transaction.

A product that everybody wants is one row: each reservation alone would hold its lock over two round trips and a commit,
and the next one waits for all of that. Together they take the lock once, in the order in which they came.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

from inventory.app.ports import StockWriter, Warehouse
from inventory.app.reserve import require_available, reserve
from inventory.domain.errors import InventoryError, OutOfStock
from inventory.domain.events import StockChanged
from inventory.domain.reservation import Reservation, State
from inventory.domain.stock import Cause
from meshkit.clock import Clock


@dataclass(frozen=True, slots=True)
class Ask:
    """What an order wants: (product, units) for each line, in its own order, held for `ttl`."""

    order_id: str
    items: tuple[tuple[str, int], ...]
    ttl: timedelta


Outcome = Reservation | InventoryError


class Reserver(Protocol):
    """Reserves for whoever asks."""

    async def reserve(self, ask: Ask) -> Reservation:
        """Raises OutOfStock, ReservationExists or ReservationEnded."""
        ...


async def reserve_each(warehouse: Warehouse, asks: Sequence[Ask], clock: Clock) -> dict[Ask, Outcome]:
    """What becomes of each ask, as if one came after the other; those that need no more share one transaction."""
    outcomes = await _share(warehouse, asks, clock) if len(asks) > 1 else {}
    # Repeats, and what lost against another of the same order, find out by themselves what they are.
    for ask in asks:
        if ask not in outcomes:
            outcomes[ask] = await _alone(warehouse, ask, clock)
    return outcomes


async def _alone(warehouse: Warehouse, ask: Ask, clock: Clock) -> Outcome:
    try:
        async with warehouse.transaction() as stock:
            return await reserve(stock, ask.order_id, dict(ask.items), ttl=ask.ttl, now=clock.now())
    except InventoryError as error:
        return error


async def _share(warehouse: Warehouse, asks: Sequence[Ask], clock: Clock) -> dict[Ask, Outcome]:
    try:
        async with warehouse.transaction() as stock:
            outcomes = await reserve_all(stock, asks, now=clock.now())
            if not any(isinstance(outcome, Reservation) for outcome in outcomes.values()):
                raise _NothingHeld(outcomes)
            return outcomes
    except _NothingHeld as nothing:
        return nothing.outcomes


class _NothingHeld(Exception):
    """Undoes a transaction that has only added what it would have to take away again."""

    def __init__(self, outcomes: dict[Ask, Outcome]) -> None:
        super().__init__()
        self.outcomes = outcomes


async def reserve_all(stock: StockWriter, asks: Sequence[Ask], *, now: datetime) -> dict[Ask, Outcome]:
    """Holds each ask's items, all of them or none, one ask after the other; without those whose order has a reservation."""
    wanted: dict[str, tuple[Ask, Reservation]] = {}
    for ask in asks:
        held = Reservation(
            order_id=ask.order_id,
            state=State.HELD,
            expires_at=now + ask.ttl,
            created_at=now,
            updated_at=now,
            items=dict(ask.items),
        )
        wanted.setdefault(ask.order_id, (ask, held))
    added, found = await stock.insert_reservations([held for _, held in wanted.values()])
    levels = dict(found)
    outcomes: dict[Ask, Outcome] = {}
    changes: list[StockChanged] = []
    for ask, held in (wanted[order_id] for order_id in wanted if order_id in added):
        try:
            require_available(levels, held.items)
        except OutOfStock as error:
            outcomes[ask] = error
            continue
        for product, units in held.items.items():
            levels[product] = levels[product].reserve(units, now)
            changes.append(StockChanged(levels[product], units, Cause.RESERVED, held.order_id))
        outcomes[ask] = held
    refused = [ask.order_id for ask, outcome in outcomes.items() if isinstance(outcome, OutOfStock)]
    if refused and changes:
        await stock.withdraw(refused)
    await stock.record(changes)
    return outcomes
