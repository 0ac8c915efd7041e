"""The tables that every service has: outbox and inbox."""

from __future__ import annotations

import uuid
from collections.abc import AsyncIterator, Sequence
from datetime import UTC, datetime
from typing import Final

from local.audit.books.connection import Book, Row

OUTBOX: Final = "SELECT id, subject, created_at, published_at FROM outbox ORDER BY id"
INBOX: Final = "SELECT event_id FROM inbox WHERE consumer = $1 ORDER BY event_id"
APPLIED: Final = (
    "SELECT event_id::text AS id FROM inbox WHERE consumer = $1 AND event_id::text = ANY($2::text[])"
)


async def outbox(book: Book) -> AsyncIterator[tuple[str, Row]]:
    """Every event that the outbox still has, by its id."""
    async for row in book.rows(OUTBOX):
        yield str(row["id"]), row


async def inbox(book: Book, consumer: str) -> AsyncIterator[tuple[str, str]]:
    """Every event that a consumer has applied, by its id."""
    async for row in book.rows(INBOX, consumer):
        yield str(row["event_id"]), consumer


async def applied(book: Book, consumer: str, events: Sequence[str]) -> frozenset[str]:
    """Those of the events that the consumer has applied."""
    return frozenset(row["id"] for row in await book.fetch(APPLIED, consumer, list(events)))


def made_at(event_id: str) -> datetime:
    """When a UUIDv7 was made; 1970 for what is none."""
    try:
        made = uuid.UUID(event_id)
    except ValueError:
        return datetime.fromtimestamp(0, UTC)
    millis = made.int >> 80 if made.version == 7 else 0
    return datetime.fromtimestamp(millis / 1000, UTC)
