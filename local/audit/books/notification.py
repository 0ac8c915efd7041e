"""Notification's books: deliveries, by order and by their own id."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Final

from local.audit.books.connection import Book, Row
from local.audit.cases import Told

OF_ORDERS: Final = """
SELECT order_id, template, channel, state, coalesce(send_time, create_time) AS changed_at
  FROM deliveries WHERE order_id <> '' ORDER BY order_id COLLATE "C"
"""
BY_ID: Final = """
SELECT d.id, d.channel, d.state, d.create_time, coalesce(d.send_time, d.create_time) AS changed_at,
       (SELECT count(*) FROM deliveries t WHERE t.event_id = d.event_id AND t.channel = d.channel) AS twins
  FROM deliveries d ORDER BY d.id
"""


async def told(book: Book) -> AsyncIterator[tuple[str, Told]]:
    """Every message about an order, by the order."""
    async for row in book.rows(OF_ORDERS):
        message = Told(
            template=row["template"],
            channel=row["channel"],
            state=row["state"],
            changed_at=row["changed_at"],
        )
        yield row["order_id"], message


async def deliveries(book: Book) -> AsyncIterator[tuple[str, Row]]:
    """Every message, by its own id."""
    async for row in book.rows(BY_ID):
        yield str(row["id"]), row
