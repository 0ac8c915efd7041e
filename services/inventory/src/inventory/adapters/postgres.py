"""Stock and reservations in PostgreSQL."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable, Sequence
from contextlib import asynccontextmanager
from datetime import datetime
from typing import Final

import asyncpg

from inventory.adapters.events import outgoing
from inventory.domain.events import StockChanged
from inventory.domain.reservation import Reservation, State
from inventory.domain.stock import Stock
from meshkit.outbox import add_events
from meshkit.postgres import Connection, Database

_STOCK: Final = "product_id, received, on_hand, reserved, sold, restocked, safety_stock, updated_at"
_RESERVATION: Final = (
    "SELECT r.order_id, r.state, r.expires_at, r.created_at, r.updated_at, "
    "array_agg(l.product_id ORDER BY l.product_id) AS products, array_agg(l.quantity ORDER BY l.product_id) AS units "
    "FROM reservation r LEFT JOIN reservation_line l USING (order_id) WHERE r.order_id = $1 GROUP BY r.order_id"
)
_INSERT_STOCK: Final = (
    "INSERT INTO stock (product_id, updated_at) SELECT * FROM unnest($1::uuid[], $2::timestamptz[]) "  # noqa: S608
    f"ON CONFLICT (product_id) DO NOTHING RETURNING {_STOCK}"
)
# Levels and ledger in one round trip.
_RECORD: Final = (
    "WITH change AS (SELECT * FROM unnest($1::uuid[], $2::bigint[], $3::bigint[], $4::bigint[], $5::bigint[], $6::bigint[], "
    "$7::bigint[], $8::timestamptz[], $9::text[], $10::bigint[], $11::uuid[]) AS c(product_id, received, on_hand, reserved, "
    "sold, restocked, safety_stock, updated_at, cause, quantity, order_id)), "
    "level AS (UPDATE stock s SET received = c.received, on_hand = c.on_hand, reserved = c.reserved, sold = c.sold, "
    "restocked = c.restocked, safety_stock = c.safety_stock, updated_at = c.updated_at FROM change c "
    "WHERE s.product_id = c.product_id) "
    "INSERT INTO movement (product_id, cause, quantity, order_id, moved_at) "
    "SELECT product_id, cause, quantity, order_id, updated_at FROM change"
)


class PostgresWarehouse:
    """Implements the `Warehouse` port on a pool."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def get_many(self, product_ids: Sequence[str]) -> list[Stock]:
        """The stock of those products that have some."""
        async with self._database.acquire() as connection:
            rows = await connection.fetch(
                f"SELECT {_STOCK} FROM stock WHERE product_id = ANY($1::uuid[])",  # noqa: S608
                list(product_ids),
            )
        return [_stock_of(row) for row in rows]

    async def get_reservation(self, order_id: str) -> Reservation | None:
        """An order's reservation."""
        async with self._database.acquire() as connection:
            return _reservation_of(await connection.fetchrow(_RESERVATION, order_id))

    async def due(self, now: datetime, limit: int) -> list[str]:
        """Orders whose reservation is held beyond its time, the oldest first."""
        async with self._database.acquire() as connection:
            rows = await connection.fetch(
                "SELECT order_id FROM reservation WHERE state = 'held' AND expires_at <= $1 ORDER BY expires_at LIMIT $2",
                now,
                limit,
            )
        return [str(row["order_id"]) for row in rows]

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[PostgresStock]:
        """One transaction, undone when the block raises."""
        async with self._database.transaction() as connection:
            yield PostgresStock(connection)


class PostgresStock:
    """Implements the `StockWriter` port on a connection in a transaction."""

    def __init__(self, connection: Connection) -> None:
        self.connection = connection

    async def lock_order(self, order_id: str) -> Reservation | None:
        """An order's reservation, the order locked until the transaction ends, be there one or not."""
        await self.connection.execute("SELECT pg_advisory_xact_lock(hashtextextended($1, 0))", order_id)
        return _reservation_of(await self.connection.fetchrow(_RESERVATION, order_id))

    async def lock_stock(self, product_ids: Iterable[str]) -> dict[str, Stock]:
        """Stock by product, locked in the order of the ids."""
        rows = await self.connection.fetch(
            f"SELECT {_STOCK} FROM stock WHERE product_id = ANY($1::uuid[]) ORDER BY product_id FOR UPDATE",  # noqa: S608
            list(product_ids),
        )
        return {stock.product_id: stock for stock in map(_stock_of, rows)}

    async def insert_reservation(self, reservation: Reservation) -> None:
        """Adds a reservation with its items."""
        await self.connection.execute(
            "WITH parent AS (INSERT INTO reservation (order_id, state, expires_at, created_at, updated_at) "
            "VALUES ($1, $2, $3, $4, $5)) INSERT INTO reservation_line (order_id, product_id, quantity) "
            "SELECT $1, * FROM unnest($6::uuid[], $7::bigint[])",
            reservation.order_id,
            reservation.state.value,
            reservation.expires_at,
            reservation.created_at,
            reservation.updated_at,
            list(reservation.items),
            list(reservation.items.values()),
        )

    async def update_reservation(self, reservation: Reservation) -> None:
        """Overwrites state and times."""
        await self.connection.execute(
            "UPDATE reservation SET state = $2, updated_at = $3 WHERE order_id = $1",
            reservation.order_id,
            reservation.state.value,
            reservation.updated_at,
        )

    async def insert_stock(self, stocks: Sequence[Stock]) -> list[Stock]:
        """Adds stock of products that have none; returns those that were added."""
        rows = await self.connection.fetch(
            _INSERT_STOCK,
            [stock.product_id for stock in stocks],
            [stock.updated_at for stock in stocks],
        )
        return [_stock_of(row) for row in rows]

    async def record(self, changes: Sequence[StockChanged]) -> None:
        """Writes the new levels, the ledger and the events."""
        if not changes:
            return
        levels = [change.stock for change in changes]
        await self.connection.execute(
            _RECORD,
            [level.product_id for level in levels],
            [level.received for level in levels],
            [level.on_hand for level in levels],
            [level.reserved for level in levels],
            [level.sold for level in levels],
            [level.restocked for level in levels],
            [level.safety_stock for level in levels],
            [level.updated_at for level in levels],
            [change.cause.value for change in changes],
            [change.quantity for change in changes],
            [change.order_id or None for change in changes],
        )
        await add_events(self.connection, [outgoing(change) for change in changes])


def _stock_of(row: asyncpg.Record) -> Stock:
    levels = dict(row)
    return Stock(**{**levels, "product_id": str(levels["product_id"])})


def _reservation_of(row: asyncpg.Record | None) -> Reservation | None:
    if row is None:
        return None
    products = [str(product) for product in row["products"] if product is not None]
    return Reservation(
        order_id=str(row["order_id"]),
        state=State(row["state"]),
        expires_at=row["expires_at"],
        created_at=row["created_at"],
        updated_at=row["updated_at"],
        items=dict(zip(products, row["units"], strict=False)),
    )
