"""Reads orders, timelines and customers."""

from __future__ import annotations

from collections.abc import Sequence

from meshkit.postgres import Database
from order.adapters.rows import customer_of, entry_of, order_of
from order.app.ports import PageKey
from order.domain.customer import MAX_PURCHASES, Customer
from order.domain.order import Order
from order.domain.workflow import Entry

_PAGE = """
SELECT * FROM orders
 WHERE ($1::text IS NULL OR user_id = $1)
   AND ($2::timestamptz IS NULL OR (created_at, order_id) < ($2, $3))
 ORDER BY created_at DESC, order_id DESC
 LIMIT $4
"""
_BOUGHT = """
SELECT order_id, total, currency, confirmed_at FROM orders
 WHERE user_id = $1 AND state IN ('CONFIRMED', 'FULFILLED')
 ORDER BY confirmed_at DESC
 LIMIT $2
"""
_TIMELINE = "SELECT step, outcome, attempt, reason, time FROM timeline WHERE order_id = $1 ORDER BY position"


class PostgresReader:
    """The `OrderReader` of a pool."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def get(self, order_id: str) -> Order | None:
        """One order, whoever's it is."""
        async with self._database.acquire() as connection:
            row = await connection.fetchrow("SELECT * FROM orders WHERE order_id = $1", order_id)
        return order_of(row) if row else None

    async def list_orders(self, user_id: str | None, after: PageKey | None, limit: int) -> Sequence[Order]:
        """Newest first; of all users for None."""
        time, order_id = (after.created_at, after.order_id) if after else (None, None)
        async with self._database.acquire() as connection:
            rows = await connection.fetch(_PAGE, user_id, time, order_id, limit)
        return [order_of(row) for row in rows]

    async def timeline(self, order_id: str) -> Sequence[Entry]:
        """Oldest first."""
        async with self._database.acquire() as connection:
            rows = await connection.fetch(_TIMELINE, order_id)
        return [entry_of(row) for row in rows]

    async def customer(self, user_id: str) -> Customer | None:
        """None for a user who never ordered."""
        async with self._database.acquire() as connection:
            row = await connection.fetchrow("SELECT * FROM customers WHERE user_id = $1", user_id)
            if row is None:
                return None
            bought = await connection.fetch(_BOUGHT, user_id, MAX_PURCHASES)
        return customer_of(row, bought)
