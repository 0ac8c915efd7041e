"""Inventory's books: reservations, levels, what movements add up to, and units by what became of their reservation."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Final

from local.audit.books.connection import Book, Row
from local.audit.cases import Levels, Reservation

RESERVATIONS: Final = """
SELECT r.order_id, r.state, r.expires_at, r.updated_at, coalesce(l.items, '') AS items
  FROM reservation r
 CROSS JOIN LATERAL (
       SELECT string_agg(product_id::text || ':' || quantity, ',' ORDER BY product_id) AS items
         FROM reservation_line WHERE order_id = r.order_id) l
 ORDER BY r.order_id
"""
LEVELS: Final = """
SELECT product_id, received, on_hand, reserved, sold, restocked, updated_at FROM stock ORDER BY product_id
"""
MOVED: Final = """
SELECT product_id, array_agg(cause) AS causes, array_agg(units) AS units, max(last) AS changed_at
  FROM (SELECT product_id, cause, sum(quantity)::bigint AS units, max(moved_at) AS last
          FROM movement GROUP BY product_id, cause) m
 GROUP BY product_id ORDER BY product_id
"""
UNITS: Final = """
SELECT product_id,
       coalesce(sum(quantity) FILTER (WHERE state = 'held'), 0)::bigint AS held,
       coalesce(sum(quantity) FILTER (WHERE state IN ('committed', 'restocked')), 0)::bigint AS sold,
       coalesce(sum(quantity) FILTER (WHERE state = 'restocked'), 0)::bigint AS restocked
  FROM reservation_line JOIN reservation USING (order_id)
 GROUP BY product_id ORDER BY product_id
"""


async def reservations(book: Book) -> AsyncIterator[tuple[str, Reservation]]:
    """Every reservation, by its order."""
    async for row in book.rows(RESERVATIONS):
        yield (
            str(row["order_id"]),
            Reservation(
                state=row["state"],
                items=row["items"],
                expires_at=row["expires_at"],
                changed_at=row["updated_at"],
            ),
        )


async def levels(book: Book) -> AsyncIterator[tuple[str, tuple[Levels, Row]]]:
    """Every product's levels."""
    async for row in book.rows(LEVELS):
        found = Levels(
            received=row["received"],
            on_hand=row["on_hand"],
            reserved=row["reserved"],
            sold=row["sold"],
            restocked=row["restocked"],
        )
        yield str(row["product_id"]), (found, row)


async def moved(book: Book) -> AsyncIterator[tuple[str, tuple[dict[str, int], Row]]]:
    """Units by cause of each product's movements."""
    async for row in book.rows(MOVED):
        yield str(row["product_id"]), (dict(zip(row["causes"], row["units"], strict=True)), row)


async def units(book: Book) -> AsyncIterator[tuple[str, Row]]:
    """Units of each product by what became of their reservation."""
    async for row in book.rows(UNITS):
        yield str(row["product_id"]), row
