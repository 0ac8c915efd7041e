"""Reservations that come at the same time share a transaction.

A product that everybody wants is one row: each reservation alone would hold its lock over two round trips and a commit,
and the next one waits for all of that. Together they take the lock once, in the order in which they came.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from inventory.app.ports import StockWriter, Warehouse
from inventory.app.reserve import require_available, reserve
from inventory.domain.errors import InventoryError, OutOfStock
from inventory.domain.events import StockChanged
from inventory.domain.reservation import Reservation, State
from inventory.domain.stock import Cause
from meshkit import tracing
from meshkit.clock import Clock
from meshkit.coalescing import Coalesced
from meshkit.context import deadline_in

LIMIT_S: Final = 3.0
"""For a whole batch; a caller's own deadline may end before."""
LANES: Final = 3
"""Batches at once: while one is being written out, the next ones collect and ask for their locks."""
LARGEST: Final = 64


@dataclass(frozen=True, slots=True)
class Ask:
    """What an order wants: (product, units) for each line, in its own order, held for `ttl`."""

    order_id: str
    items: tuple[tuple[str, int], ...]
    ttl: timedelta


Outcome = Reservation | InventoryError


class Reserving:
    """Reserves for whoever asks, alone when nobody else does at that moment."""

    def __init__(self, warehouse: Warehouse, clock: Clock) -> None:
        self._warehouse = warehouse
        self._clock = clock
        self._together: Coalesced[Ask, Outcome] = Coalesced(self._all, max_batch=LARGEST, lanes=LANES)

    async def reserve(self, ask: Ask) -> Reservation:
        """As `app.reserve.reserve`, with the same errors."""
        outcome = await self._together.get(ask)
        if isinstance(outcome, Reservation):
            return outcome
        assert outcome is not None
        raise outcome

    async def _all(self, asks: Sequence[Ask]) -> Mapping[Ask, Outcome]:
        with deadline_in(LIMIT_S), tracing.internal_span("reserve"):
            if len(asks) == 1:
                return {asks[0]: await self._alone(asks[0])}
            outcomes = await self._share(asks)
            # Repeats, and what lost against another of the same order, find out by themselves what they are.
            for ask in asks:
                if ask not in outcomes:
                    outcomes[ask] = await self._alone(ask)
            return outcomes

    async def _alone(self, ask: Ask) -> Outcome:
        try:
            async with self._warehouse.transaction() as stock:
                return await reserve(stock, ask.order_id, dict(ask.items), ttl=ask.ttl, now=self._clock.now())
        except InventoryError as error:
            return error

    async def _share(self, asks: Sequence[Ask]) -> dict[Ask, Outcome]:
        try:
            async with self._warehouse.transaction() as stock:
                outcomes = await reserve_all(stock, asks, now=self._clock.now())
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
