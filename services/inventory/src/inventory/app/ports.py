"""What the use cases need of the world."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
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

    async def lock_order(self, order_id: str) -> tuple[Reservation, Mapping[str, Stock]] | None:
        """An order's reservation and the stock of its products, which nobody else changes until the transaction ends."""
        ...

    async def insert_reservation(self, reservation: Reservation) -> Mapping[str, Stock] | None:
        """Adds a reservation with its items, and locks the stock of those products that have some.

        None, and nothing, when the order has one already; one that is being written at this moment is waited for.
        """
        ...

    async def insert_reservations(
        self, reservations: Sequence[Reservation]
    ) -> tuple[frozenset[str], Mapping[str, Stock]]:
        """Adds those whose order has none yet, and locks the stock of all their products; their orders, and the levels.

        Of two for one order the first counts. One that is being written at this moment is waited for.
        """
        ...

    async def withdraw(self, order_ids: Sequence[str]) -> None:
        """Takes reservations away again that this same transaction has added."""
        ...

    async def lock_stock(self, product_ids: Iterable[str]) -> Mapping[str, Stock]:
        """Stock by product, which nobody else changes until the transaction ends; locked in the order of the ids."""
        ...

    async def insert_stock(self, stocks: Sequence[Stock]) -> list[Stock]:
        """Adds stock of products that have none; returns those that were added."""
        ...

    async def record(self, changes: Sequence[StockChanged], reservation: Reservation | None = None) -> None:
        """Writes the new levels, the ledger and the events, and the state of the `reservation` that they come from."""
        ...


class Warehouse(StockReader, Protocol):
    """A store of stock and reservations."""

    def transaction(self) -> AbstractAsyncContextManager[StockWriter]:
        """One transaction: kept when the block ends well, undone when it raises."""
        ...
