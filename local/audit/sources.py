"""All that a target has, opened: a connection for each book, the ledgers, the broker."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from typing import Any

import httpx2

from local.audit.books.cart import CartBook
from local.audit.books.connection import Book
from local.audit.ledgers import TIMEOUT_S, Ledger
from local.audit.target import Target
from local.events import broker
from local.events.state import Connection

Keyed = AsyncIterator[tuple[str, Any]]
"""Rows with the id they are joined on, in the order of the ids."""


@dataclass(frozen=True, slots=True)
class Sources:
    """What can be read; what the target does not name is not in it."""

    target: Target
    books: dict[str, Book]
    ledgers: dict[str, Ledger]
    stream: Connection | None
    cart: CartBook | None = None

    def rows(self, service: str, reader: Callable[[Book], Keyed]) -> Keyed:
        """What `reader` gives of a service's books, nothing when they can't be read."""
        book = self.books.get(service)
        return reader(book) if book else nothing()

    async def begin_snapshots(self) -> None:
        """From now on every book is of one moment; the moments lie milliseconds apart."""
        await asyncio.gather(*(book.begin_snapshot() for book in self.books.values()))


async def nothing() -> Keyed:
    """No rows."""
    return
    yield


@asynccontextmanager
async def opened(target: Target) -> AsyncIterator[Sources]:
    """Opens everything; LocalError says what does not answer."""
    async with AsyncExitStack() as stack:
        client = await stack.enter_async_context(httpx2.AsyncClient(timeout=TIMEOUT_S))
        books = {name: Book(name, dsn) for name, dsn in target.databases.items()}
        for book in books.values():
            await stack.enter_async_context(book)
        stream = None
        if target.nats:
            stream = await stack.enter_async_context(broker.connected(target.nats))
        cart = None
        if "cart" in target.redis:
            cart = await stack.enter_async_context(CartBook(target.redis["cart"]))
        ledgers = {name: Ledger(name, url, client) for name, url in target.ledgers.items()}
        yield Sources(target, books, ledgers, stream, cart)
