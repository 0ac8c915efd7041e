"""Stock and reservations in memory, with the same rules as those in PostgreSQL; for tests and for running alone."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import datetime

from inventory.domain.events import StockChanged
from inventory.domain.reservation import Reservation, State
from inventory.domain.stock import Stock


class MemoryWarehouse:
    """Implements the `Warehouse` port; one transaction at a time. `published` keeps what was told."""

    def __init__(self) -> None:
        self._stock: dict[str, Stock] = {}
        self._reservations: dict[str, Reservation] = {}
        self._lock = asyncio.Lock()
        self.published: list[StockChanged] = []

    async def get_many(self, product_ids: Sequence[str]) -> list[Stock]:
        """The stock of those products that have some."""
        return [self._stock[key] for key in product_ids if key in self._stock]

    async def get_reservation(self, order_id: str) -> Reservation | None:
        """An order's reservation."""
        return self._reservations.get(order_id)

    async def due(self, now: datetime, limit: int) -> list[str]:
        """Orders whose reservation is held beyond its time, the oldest first."""
        held = [
            each for each in self._reservations.values() if each.state is State.HELD and each.expired(now)
        ]
        return [each.order_id for each in sorted(held, key=lambda each: each.expires_at)[:limit]]

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[MemoryStock]:
        """One transaction, undone when the block raises."""
        async with self._lock:
            writer = MemoryStock(dict(self._stock), dict(self._reservations))
            yield writer
            self._stock, self._reservations = writer.levels, writer.reservations
            self.published.extend(writer.changes)


class MemoryStock:
    """Implements the `StockWriter` port on copies, which replace the originals at the end."""

    def __init__(self, levels: dict[str, Stock], reservations: dict[str, Reservation]) -> None:
        self.levels = levels
        self.reservations = reservations
        self.changes: list[StockChanged] = []

    async def lock_order(self, order_id: str) -> tuple[Reservation, Mapping[str, Stock]] | None:
        """An order's reservation and the stock of its products."""
        found = self.reservations.get(order_id)
        return (found, await self.lock_stock(found.items)) if found else None

    async def insert_reservation(self, reservation: Reservation) -> Mapping[str, Stock] | None:
        """Adds a reservation with its items, unless the order has one."""
        if reservation.order_id in self.reservations:
            return None
        self.reservations[reservation.order_id] = reservation
        return await self.lock_stock(reservation.items)

    async def insert_reservations(
        self, reservations: Sequence[Reservation]
    ) -> tuple[frozenset[str], Mapping[str, Stock]]:
        """Adds those whose order has none yet."""
        added = [each for each in reversed(reservations) if each.order_id not in self.reservations]
        self.reservations |= {each.order_id: each for each in added}
        products = {product for each in reservations for product in each.items}
        return frozenset(each.order_id for each in added), await self.lock_stock(products)

    async def withdraw(self, order_ids: Sequence[str]) -> None:
        """Takes reservations away that this transaction has added."""
        for order_id in order_ids:
            del self.reservations[order_id]

    async def lock_stock(self, product_ids: Iterable[str]) -> Mapping[str, Stock]:
        """Stock by product."""
        return {key: self.levels[key] for key in product_ids if key in self.levels}

    async def insert_stock(self, stocks: Sequence[Stock]) -> list[Stock]:
        """Adds stock of products that have none; returns those that were added."""
        made = [stock for stock in stocks if stock.product_id not in self.levels]
        self.levels.update({stock.product_id: stock for stock in made})
        return made

    async def record(self, changes: Sequence[StockChanged], reservation: Reservation | None = None) -> None:
        """Keeps the new levels, the events and the reservation."""
        self.levels.update({change.stock.product_id: change.stock for change in changes})
        self.changes.extend(changes)
        if reservation is not None:
            self.reservations[reservation.order_id] = reservation
