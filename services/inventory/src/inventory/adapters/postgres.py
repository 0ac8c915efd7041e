"""Stock and reservations in PostgreSQL."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import datetime
from typing import Final

import asyncpg

from inventory.adapters.events import outgoing
from inventory.domain.events import StockChanged
from inventory.domain.reservation import Reservation, State
from inventory.domain.stock import Stock
from meshkit.outbox import event_values, insert_events
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
_LEVELS: Final = (
    "l.product_id, l.received, l.on_hand, l.reserved, l.sold, l.restocked, l.safety_stock, l.updated_at"
)
# A reservation's row is the lock of its order, an uncommitted one too: who adds the same waits, and then adds nothing.
# There is always one row to tell whether it was added; without stock, its levels are null.
_HOLD: Final = f"""
WITH added AS (
    INSERT INTO reservation (order_id, state, expires_at, created_at, updated_at) VALUES ($1, $2, $3, $4, $5)
    ON CONFLICT (order_id) DO NOTHING
    RETURNING order_id
), lines AS (
    INSERT INTO reservation_line (order_id, product_id, quantity)
    SELECT added.order_id, line.* FROM added, unnest($6::uuid[], $7::bigint[]) AS line
), locked AS (
    SELECT {_STOCK} FROM stock
     WHERE product_id = ANY($6::uuid[]) AND EXISTS (SELECT FROM added)
     ORDER BY product_id FOR UPDATE
)
SELECT EXISTS (SELECT FROM added) AS added, {_LEVELS} FROM (SELECT) AS one LEFT JOIN locked AS l ON true
"""  # noqa: S608 - constants only
# Orders are added in the order of their ids and stock is locked after all of them, so that batches wait for each other in
# one direction only; counting makes sure that the last is added before the first lock is asked for.
_HOLD_ALL: Final = f"""
WITH asked AS (
    SELECT DISTINCT ON (order_id) * FROM unnest($1::uuid[], $2::timestamptz[], $3::int[]) AS r (order_id, expires_at, number)
     ORDER BY order_id, number
), added AS (
    INSERT INTO reservation (order_id, state, expires_at, created_at, updated_at)
    SELECT order_id, 'held', expires_at, $4, $4 FROM asked ORDER BY order_id
    ON CONFLICT (order_id) DO NOTHING
    RETURNING order_id
), lines AS (
    INSERT INTO reservation_line (order_id, product_id, quantity)
    SELECT line.order_id, line.product_id, line.quantity
      FROM unnest($5::uuid[], $6::int[], $7::uuid[], $8::bigint[]) AS line (order_id, number, product_id, quantity)
      JOIN added USING (order_id) JOIN asked USING (order_id, number)
), locked AS (
    SELECT {_STOCK} FROM stock
     WHERE product_id = ANY($7::uuid[]) AND (SELECT count(*) FROM added) > 0
     ORDER BY product_id FOR UPDATE
)
SELECT (SELECT array_agg(order_id) FROM added) AS added, {_LEVELS} FROM (SELECT) AS one LEFT JOIN locked AS l ON true
"""  # noqa: S608 - constants only
_WITHDRAW: Final = """
WITH lines AS (DELETE FROM reservation_line WHERE order_id = ANY($1::uuid[]))
DELETE FROM reservation WHERE order_id = ANY($1::uuid[])
"""
# The reservation is locked before the stock of its lines is; one row for each line, or one with nulls.
_LOCK: Final = f"""
WITH held AS (
    SELECT order_id, state, expires_at, created_at, updated_at AS changed_at FROM reservation
     WHERE order_id = $1 FOR UPDATE
), lines AS (
    SELECT line.product_id AS line_product_id, line.quantity FROM held JOIN reservation_line AS line USING (order_id)
), locked AS (
    SELECT {_STOCK} FROM stock
     WHERE product_id IN (SELECT line_product_id FROM lines)
     ORDER BY product_id FOR UPDATE
)
SELECT held.*, lines.*, {_LEVELS}
  FROM held LEFT JOIN lines ON true LEFT JOIN locked AS l ON l.product_id = line_product_id
 ORDER BY line_product_id
"""  # noqa: S608 - constants only
# The reservation's state, levels, ledger and events in one round trip.
_RECORD: Final = f"""
WITH last AS (
    SELECT * FROM unnest($1::uuid[], $2::bigint[], $3::bigint[], $4::bigint[], $5::bigint[], $6::bigint[], $7::bigint[],
                         $8::timestamptz[])
        AS c (product_id, received, on_hand, reserved, sold, restocked, safety_stock, updated_at)
), level AS (
    UPDATE stock AS s
       SET received = c.received, on_hand = c.on_hand, reserved = c.reserved, sold = c.sold, restocked = c.restocked,
           safety_stock = c.safety_stock, updated_at = c.updated_at
      FROM last AS c WHERE s.product_id = c.product_id
), settled AS (
    UPDATE reservation SET state = $15, updated_at = $16 WHERE order_id = $14
), ledger AS (
    INSERT INTO movement (product_id, cause, quantity, order_id, moved_at)
    SELECT * FROM unnest($9::uuid[], $10::text[], $11::bigint[], $12::uuid[], $13::timestamptz[])
)
{insert_events(17)}
"""  # noqa: S608 - constants only


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

    async def lock_order(self, order_id: str) -> tuple[Reservation, Mapping[str, Stock]] | None:
        """An order's reservation and the stock of its products, both locked."""
        rows = await self.connection.fetch(_LOCK, order_id)
        if not rows:
            return None
        items = {str(row["line_product_id"]): row["quantity"] for row in rows if row["quantity"] is not None}
        first = rows[0]
        reservation = Reservation(
            order_id=str(first["order_id"]),
            state=State(first["state"]),
            expires_at=first["expires_at"],
            created_at=first["created_at"],
            updated_at=first["changed_at"],
            items=items,
        )
        return reservation, _by_product(rows)

    async def insert_reservation(self, reservation: Reservation) -> Mapping[str, Stock] | None:
        """Adds a reservation with its items and locks their stock; None when the order has one."""
        rows = await self.connection.fetch(
            _HOLD,
            reservation.order_id,
            reservation.state.value,
            reservation.expires_at,
            reservation.created_at,
            reservation.updated_at,
            list(reservation.items),
            list(reservation.items.values()),
        )
        return _by_product(rows) if rows[0]["added"] else None

    async def insert_reservations(
        self, reservations: Sequence[Reservation]
    ) -> tuple[frozenset[str], Mapping[str, Stock]]:
        """Adds those whose order has none yet, and locks the stock of all products, in the order of their ids."""
        lines = [
            (each.order_id, number, product, units)
            for number, each in enumerate(reservations)
            for product, units in each.items.items()
        ]
        rows = await self.connection.fetch(
            _HOLD_ALL,
            [each.order_id for each in reservations],
            [each.expires_at for each in reservations],
            list(range(len(reservations))),
            reservations[0].created_at,
            *(list(column) for column in zip(*lines, strict=True)),
        )
        return frozenset(str(order_id) for order_id in rows[0]["added"] or ()), _by_product(rows)

    async def withdraw(self, order_ids: Sequence[str]) -> None:
        """Takes reservations away that this transaction has added, with their lines."""
        await self.connection.execute(_WITHDRAW, list(order_ids))

    async def lock_stock(self, product_ids: Iterable[str]) -> Mapping[str, Stock]:
        """Stock by product, locked in the order of the ids."""
        rows = await self.connection.fetch(
            f"SELECT {_STOCK} FROM stock WHERE product_id = ANY($1::uuid[]) ORDER BY product_id FOR UPDATE",  # noqa: S608
            list(product_ids),
        )
        return _by_product(rows)

    async def insert_stock(self, stocks: Sequence[Stock]) -> list[Stock]:
        """Adds stock of products that have none; returns those that were added."""
        rows = await self.connection.fetch(
            _INSERT_STOCK,
            [stock.product_id for stock in stocks],
            [stock.updated_at for stock in stocks],
        )
        return [_stock_of(row) for row in rows]

    async def record(self, changes: Sequence[StockChanged], reservation: Reservation | None = None) -> None:
        """Writes the new levels, the ledger, the events and the reservation's state."""
        if not changes and reservation is None:
            return
        # Of a product that changes more than once, the last level counts; every change is in the ledger.
        levels = list({change.stock.product_id: change.stock for change in changes}.values())
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
            [change.stock.product_id for change in changes],
            [change.cause.value for change in changes],
            [change.quantity for change in changes],
            [change.order_id or None for change in changes],
            [change.stock.updated_at for change in changes],
            *(
                (reservation.order_id, reservation.state.value, reservation.updated_at)
                if reservation
                else (None,) * 3
            ),
            *event_values(self.connection, [outgoing(change) for change in changes]),
        )


def _by_product(rows: Iterable[asyncpg.Record]) -> dict[str, Stock]:
    return {str(row["product_id"]): _stock_of(row) for row in rows if row["product_id"] is not None}


def _stock_of(row: asyncpg.Record) -> Stock:
    return Stock(
        product_id=str(row["product_id"]),
        updated_at=row["updated_at"],
        received=row["received"],
        on_hand=row["on_hand"],
        reserved=row["reserved"],
        sold=row["sold"],
        restocked=row["restocked"],
        safety_stock=row["safety_stock"],
    )


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
