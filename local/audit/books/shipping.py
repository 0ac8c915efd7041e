"""Shipping's books: shipments."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Final

from local.audit.books.connection import Book, Row
from local.audit.cases import Shipment

SHIPMENTS: Final = """
SELECT order_id, id, state, coalesce(tracking_number, '') AS number, void_requested, created_at, updated_at FROM shipments
"""
BY_ORDER: Final = f"{SHIPMENTS} ORDER BY order_id"
BY_ID: Final = f"{SHIPMENTS} ORDER BY id"


async def of_orders(book: Book) -> AsyncIterator[tuple[str, Shipment]]:
    """Every shipment, by its order."""
    async for row in book.rows(BY_ORDER):
        yield str(row["order_id"]), _shipment(row)


async def shipments(book: Book) -> AsyncIterator[tuple[str, Shipment]]:
    """Every shipment, by its own id."""
    async for row in book.rows(BY_ID):
        yield str(row["id"]), _shipment(row)


def _shipment(row: Row) -> Shipment:
    return Shipment(
        shipment_id=str(row["id"]),
        state=row["state"],
        number=row["number"],
        void_requested=row["void_requested"],
        created_at=row["created_at"],
        changed_at=row["updated_at"],
    )
