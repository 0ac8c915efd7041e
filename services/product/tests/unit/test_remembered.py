"""Reads while the database is away, slow, or back."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import pytest

from meshkit.errors import PlatformError
from product.adapters.memory import MemoryCatalogue
from product.adapters.remembered import MOST, OLDEST_S, REMEMBERED, RememberingCatalogue, once_proven
from product.app.ports import ProductQuery
from product.domain.product import Category, Product

from ..builders import stocked

AWAY = PlatformError("unavailable", "DATABASE_UNAVAILABLE", "database: away")
BROKEN = PlatformError("internal", "BROKEN", "a defect")


class Faulty(MemoryCatalogue):
    """A catalogue that fails or hangs on demand."""

    def __init__(self) -> None:
        super().__init__()
        self.failure: PlatformError | None = None
        self.hanging: asyncio.Event | None = None

    async def _trouble(self) -> None:
        if self.failure is not None:
            raise self.failure
        if self.hanging is not None:
            await self.hanging.wait()

    async def get(self, product_id: str) -> Product | None:
        await self._trouble()
        return await super().get(product_id)

    async def get_many(self, product_ids: Sequence[str]) -> list[Product]:
        await self._trouble()
        return await super().get_many(product_ids)

    async def find(self, query: ProductQuery) -> list[Product]:
        await self._trouble()
        return await super().find(query)

    async def categories(self) -> list[Category]:
        await self._trouble()
        return await super().categories()


class Shelf:
    """A remembering catalogue over one that can fail, and its clock."""

    def __init__(self) -> None:
        self.now_s = 0.0
        self.below = Faulty()
        self.catalogue = RememberingCatalogue(self.below, lambda: self.now_s)


@pytest.fixture
async def shelf() -> Shelf:
    """With one product, which nobody has read yet."""
    made = Shelf()
    await stocked(made.catalogue, "a")
    return made


def remembered() -> float:
    return float(REMEMBERED._value.get())


async def test_what_was_read_is_told_again_while_the_database_is_away(shelf: Shelf) -> None:
    catalogue, query = shelf.catalogue, ProductQuery(limit=5)
    (product,) = await catalogue.find(query)
    assert await catalogue.get(product.product_id) == product
    categories = await catalogue.categories()
    before, shelf.below.failure = remembered(), AWAY
    assert await catalogue.get(product.product_id) == product
    assert await catalogue.find(query) == [product]
    assert await catalogue.categories() == categories
    assert remembered() == before + 3


async def test_what_was_never_read_or_long_ago_is_not_told(shelf: Shelf) -> None:
    catalogue, query = shelf.catalogue, ProductQuery(limit=5)
    (product,) = await catalogue.find(query)
    shelf.below.failure = AWAY
    with pytest.raises(PlatformError, match="away"):
        await catalogue.get(product.product_id)
    shelf.now_s = OLDEST_S + 1
    with pytest.raises(PlatformError, match="away"):
        await catalogue.find(query)


async def test_orders_are_never_priced_from_memory(shelf: Shelf) -> None:
    (product,) = await shelf.catalogue.find(ProductQuery(limit=5))
    await shelf.catalogue.get_many([product.product_id])
    shelf.below.failure = AWAY
    with pytest.raises(PlatformError, match="away"):
        await shelf.catalogue.get_many([product.product_id])


async def test_a_database_that_hangs_is_not_waited_for(shelf: Shelf, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("product.adapters.remembered.PATIENCE_S", 0.01)
    query = ProductQuery(limit=5)
    found = await shelf.catalogue.find(query)
    shelf.below.hanging = asyncio.Event()
    assert await asyncio.wait_for(shelf.catalogue.find(query), 5) == found
    shelf.below.hanging.set()


async def test_a_database_that_is_back_is_believed(shelf: Shelf) -> None:
    (product,) = await shelf.catalogue.find(ProductQuery(limit=5))
    await shelf.catalogue.get(product.product_id)
    shelf.below.failure = AWAY
    await shelf.catalogue.get(product.product_id)
    shelf.below.failure = None
    async with shelf.below.transaction() as writer:
        await writer.delete(product.product_id)
    assert await shelf.catalogue.get(product.product_id) is None


async def test_a_defect_is_no_outage(shelf: Shelf) -> None:
    await shelf.catalogue.categories()
    shelf.below.failure = BROKEN
    with pytest.raises(PlatformError, match="defect"):
        await shelf.catalogue.categories()


async def test_memory_is_bounded_and_forgets_what_was_not_asked_for(
    shelf: Shelf, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert MOST > 3
    monkeypatch.setattr("product.adapters.remembered.MOST", 3)
    for limit in range(1, 5):
        await shelf.catalogue.find(ProductQuery(limit=limit))
    shelf.below.failure = AWAY
    with pytest.raises(PlatformError, match="away"):
        await shelf.catalogue.find(ProductQuery(limit=1))
    assert await shelf.catalogue.find(ProductQuery(limit=2))


async def test_a_list_counts_as_many_products_as_it_has(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("product.adapters.remembered.MOST", 4)
    shelf = Shelf()
    _, (first, *_) = await stocked(shelf.catalogue, "a", "b", "c")
    await shelf.catalogue.get(first.product_id)
    await shelf.catalogue.find(ProductQuery(limit=3))
    await shelf.catalogue.find(ProductQuery(limit=1))  # one too many: what was read first goes
    shelf.below.failure = AWAY
    with pytest.raises(PlatformError, match="away"):
        await shelf.catalogue.get(first.product_id)
    assert len(await shelf.catalogue.find(ProductQuery(limit=3))) == 3


async def test_a_check_that_went_well_once_is_not_asked_again() -> None:
    answers = iter([AWAY, None])

    async def check() -> None:
        if (failure := next(answers)) is not None:
            raise failure

    checked = once_proven(check)
    with pytest.raises(PlatformError, match="away"):
        await checked()
    await checked()
    await checked()
    assert next(answers, "asked twice") == "asked twice"
