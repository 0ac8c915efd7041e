"""What was read last, for when the database does not answer: shoppers can look around while it is away."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Coroutine, Hashable, Sequence
from contextlib import AbstractAsyncContextManager
from typing import Any, Final, TypeVar

from prometheus_client import Counter

from meshkit.errors import PlatformError
from product.app.ports import Catalogue, CatalogueWriter, ProductQuery
from product.domain.product import Category, Product

T = TypeVar("T")
# Half of what a reader has: the database is waited for no longer when there is something to tell instead.
PATIENCE_S: Final = 0.5
OLDEST_S: Final = 300.0
MOST: Final = 5_000
"""Products kept, those of lists included. What was read longest ago goes first."""
REMEMBERED = Counter("product_remembered_reads_total", "Reads answered from memory, the database being away")


class RememberingCatalogue:
    """Implements the `Catalogue` port over another one; answers from memory are at most five minutes old.

    `get_many` is never answered from memory: orders are priced by it.
    """

    def __init__(self, catalogue: Catalogue, now_s: Callable[[], float] = time.monotonic) -> None:
        self._catalogue = catalogue
        self._now_s = now_s
        self._memory: dict[Hashable, tuple[float, Any]] = {}
        self._kept = 0
        self._reads: set[asyncio.Task[Any]] = set()

    async def get(self, product_id: str) -> Product | None:
        """One product, None when it is not on sale."""
        return await self._read(product_id, lambda: self._catalogue.get(product_id))

    async def get_many(self, product_ids: Sequence[str]) -> list[Product]:
        """Those of the ids that are on sale, as they are now."""
        return await self._catalogue.get_many(product_ids)

    async def find(self, query: ProductQuery) -> list[Product]:
        """At most `query.limit` products in the query's order."""
        return await self._read(query, lambda: self._catalogue.find(query))

    async def categories(self) -> list[Category]:
        """All categories by name, with how many products each has."""
        return await self._read("categories", self._catalogue.categories)

    def transaction(self) -> AbstractAsyncContextManager[CatalogueWriter]:
        """One transaction of the catalogue below."""
        return self._catalogue.transaction()

    async def _read(self, key: Hashable, read: Callable[[], Coroutine[Any, Any, T]]) -> T:
        """What the database says, or what it said last when it fails or takes too long."""
        known = self._memory.get(key)
        if known is None or known[0] + OLDEST_S < self._now_s():
            return self._remember(key, await read())
        reading = asyncio.create_task(read(), name="read")
        self._reads.add(reading)
        reading.add_done_callback(self._ended)
        await asyncio.wait({reading}, timeout=PATIENCE_S)
        if reading.done():
            try:
                return self._remember(key, reading.result())
            except PlatformError as error:
                if error.kind not in {"unavailable", "deadline_exceeded", "resource_exhausted"}:
                    raise
        REMEMBERED.inc()
        value: T = known[1]
        return value

    def _remember(self, key: Hashable, value: T) -> T:
        self._forget(key)
        self._memory[key] = (self._now_s(), value)
        self._kept += _size(value)
        while self._kept > MOST:
            self._forget(next(iter(self._memory)))
        return value

    def _forget(self, key: Hashable) -> None:
        if (known := self._memory.pop(key, None)) is not None:
            self._kept -= _size(known[1])

    def _ended(self, reading: asyncio.Task[Any]) -> None:
        self._reads.discard(reading)
        if not reading.cancelled():
            reading.exception()  # told already, or too late to be told


def _size(value: object) -> int:
    return max(len(value), 1) if isinstance(value, list) else 1


def once_proven(check: Callable[[], Awaitable[None]]) -> Callable[[], Awaitable[None]]:
    """A readiness check that counts until it has gone well once: from then on, reads are answered without it too."""
    proven = False

    async def checked() -> None:
        nonlocal proven
        if not proven:
            await check()
            proven = True

    return checked
