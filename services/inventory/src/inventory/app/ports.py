"""What the use cases need of the world."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from contextlib import AbstractAsyncContextManager
from datetime import datetime
from typing import Protocol

from inventory.domain.events import StockChanged
from inventory.domain.reservation import Reservation
from inventory.domain.stock import Stock


class StockReader(Protocol):
    """Reads without a transaction of their own."""

    async def get_many(self, product_ids: Sequence[str]) -> list[Stock]:
        """The stock of those products that have some, in one round trip."""
        ...

    async def get_reservation(self, order_id: str) -> Reservation | None:
        """An order's reservation."""
        ...

    async def due(self, now: datetime, limit: int) -> list[str]:
        """Orders whose reservation is held beyond its time, the oldest first."""
        ...


class StockWriter(Protocol):
    """Changes inside one transaction; nothing is seen by others before it ends well."""

    async def lock_order(self, order_id: str) -> Reservation | None:
        """An order's reservation; nobody else changes the order's until the transaction ends, be there one or not."""
        ...

    async def lock_stock(self, product_ids: Iterable[str]) -> dict[str, Stock]:
        """Stock by product, locked in the order of the ids, so that two transactions never wait for each other."""
        ...

    async def insert_reservation(self, reservation: Reservation) -> None:
        """Adds a reservation with its items."""
        ...

    async def update_reservation(self, reservation: Reservation) -> None:
        """Overwrites state and times."""
        ...

    async def insert_stock(self, stocks: Sequence[Stock]) -> list[Stock]:
        """Adds stock of products that have none; returns those that were added."""
        ...

    async def record(self, changes: Sequence[StockChanged]) -> None:
        """Writes the new levels, the ledger and the events, few round trips whatever the number."""
        ...


class Warehouse(StockReader, Protocol):
    """A store of stock and reservations."""

    def transaction(self) -> AbstractAsyncContextManager[StockWriter]:
        """One transaction: kept when the block ends well, undone when it raises."""
        ...
