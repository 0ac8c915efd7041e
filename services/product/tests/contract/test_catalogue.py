"""One suite for every implementation of the Catalogue port."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import timedelta

import pytest

from meshkit.clock import uuid7
from product.app.create_product import create_product
from product.app.ports import Catalogue, ProductQuery, SortField
from product.app.read import batch_get_products, get_product, list_products
from product.app.update_product import update_product
from product.domain.errors import CategoryNotFound, EtagMismatch, ProductNotFound, SlugTaken
from product.domain.product import Money, Product

from ..builders import NOW, category, product, stocked


async def test_stored_product_comes_back_as_it_was(catalogue: Catalogue) -> None:
    shelf = category()
    made = product(shelf.category_id)
    async with catalogue.transaction() as writer:
        await writer.insert_category(shelf)
        await create_product(writer, made)
    assert await catalogue.get(made.product_id) == made


async def test_unknown_product_is_not_found(catalogue: Catalogue) -> None:
    with pytest.raises(ProductNotFound):
        await get_product(catalogue, uuid7())


async def test_batch_keeps_order_drops_repeats_and_lists_missing(catalogue: Catalogue) -> None:
    _, made = await stocked(catalogue, "a", "b", "c")
    unknown = uuid7()
    wanted = [made[2].product_id, unknown, made[0].product_id, made[2].product_id]
    found, missing = await batch_get_products(catalogue, wanted)
    assert [each.name for each in found] == ["c", "a"]
    assert missing == [unknown]


async def test_failed_transaction_leaves_nothing(catalogue: Catalogue) -> None:
    shelf, made = await stocked(catalogue, "a")
    with pytest.raises(CategoryNotFound):
        async with catalogue.transaction() as writer:
            await writer.delete(made[0].product_id)
            await writer.insert(product(uuid7()))
    assert await catalogue.get(made[0].product_id) == made[0]
    assert [each.category_id for each in await catalogue.categories()] == [shelf.category_id]


async def test_slug_is_unique(catalogue: Catalogue) -> None:
    async with catalogue.transaction() as writer:
        await writer.insert_category(category("tools"))
    with pytest.raises(SlugTaken):
        async with catalogue.transaction() as writer:
            await writer.insert_category(category("tools"))


@pytest.mark.parametrize("sort", ["name", "price", "create_time"])
@pytest.mark.parametrize("descending", [False, True])
async def test_pages_cover_everything_once_in_order(
    catalogue: Catalogue, sort: SortField, descending: bool
) -> None:
    shelf = category()
    made = [
        product(
            shelf.category_id,
            name=f"n{number % 3}",
            price=Money(1 + number % 4, "EUR"),
            created_at=NOW + timedelta(seconds=number % 5),
        )
        for number in range(11)
    ]
    async with catalogue.transaction() as writer:
        await writer.import_all([shelf], made)
    seen: list[Product] = []
    query = ProductQuery(limit=3, sort=sort, descending=descending)
    more = True
    while more:
        page, more = await list_products(catalogue, query)
        seen.extend(page)
        query = replace(query, after=_edge(page[-1], sort))
    assert len(seen) == 11
    assert [_edge(each, sort) for each in seen] == sorted(
        (_edge(each, sort) for each in made), reverse=descending
    )


def _edge(item: Product, sort: SortField) -> tuple[str | int, str]:
    keys: dict[SortField, str | int] = {
        "name": item.name,
        "price": item.price.minor_units,
        "create_time": item.created_at.isoformat(),
    }
    return keys[sort], item.product_id


async def test_filters_narrow_together(catalogue: Catalogue) -> None:
    shelf, _ = await stocked(catalogue, "Red hammer", "Blue hammer", "100% wool")
    other, stray = category("other"), "Red hammer"
    async with catalogue.transaction() as writer:
        await writer.import_all([other], [product(other.category_id, name=stray)])

    async def names(**filters: object) -> list[str]:
        query = replace(ProductQuery(limit=10, category_id=shelf.category_id), **filters)  # type: ignore[arg-type]
        return [each.name for each in await catalogue.find(query)]

    assert await names(name_contains="HAMMER") == ["Blue hammer", "Red hammer"]
    assert await names(name_contains="0% w") == ["100% wool"]
    assert await names(name_contains="_") == []
    assert await names(min_price=200, max_price=200) == ["Blue hammer"]


async def test_concurrent_updates_with_one_etag_change_it_once(catalogue: Catalogue) -> None:
    _, made = await stocked(catalogue, "a")
    target, start = made[0], asyncio.Barrier(5)

    async def change(name: str) -> bool:
        await start.wait()
        try:
            async with catalogue.transaction() as writer:
                await update_product(writer, target.product_id, {"name": name}, etag=target.etag, now=NOW)
        except EtagMismatch:
            return False
        return True

    results = await asyncio.gather(*(change(f"name {number}") for number in range(5)))
    assert results.count(True) == 1
    assert (await get_product(catalogue, target.product_id)).revision == target.revision + 1


async def test_import_overwrites_and_counts(catalogue: Catalogue) -> None:
    shelf, made = await stocked(catalogue, "a", "b")
    async with catalogue.transaction() as writer:
        await writer.import_all([shelf], [replace(made[0], name="new")])
    again = await get_product(catalogue, made[0].product_id)
    assert (again.name, again.revision) == ("new", 2)
    assert [each.product_count for each in await catalogue.categories()] == [2]
