"""The catalogue in memory, with the same rules as the one in PostgreSQL; for tests and for running alone."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace

from product.app.ports import ProductQuery
from product.domain.errors import CategoryNotFound, SlugTaken
from product.domain.events import Event
from product.domain.product import Category, Product


class MemoryCatalogue:
    """Implements the `Catalogue` port; one transaction at a time. `published` keeps what was told."""

    def __init__(self) -> None:
        self._products: dict[str, Product] = {}
        self._categories: dict[str, Category] = {}
        self._lock = asyncio.Lock()
        self.published: list[Event] = []

    async def get(self, product_id: str) -> Product | None:
        """One product, None when it is not on sale."""
        return self._products.get(product_id)

    async def get_many(self, product_ids: Sequence[str]) -> list[Product]:
        """Those of the ids that are on sale."""
        return [self._products[key] for key in dict.fromkeys(product_ids) if key in self._products]

    async def find(self, query: ProductQuery) -> list[Product]:
        """At most `query.limit` products in the query's order."""
        found = sorted(
            (product for product in self._products.values() if _matches(product, query)),
            key=lambda product: _sort_key(product, query),
            reverse=query.descending,
        )
        if query.after is not None:
            edge = query.after
            found = [
                product
                for product in found
                if (
                    _sort_key(product, query) < edge if query.descending else _sort_key(product, query) > edge
                )
            ]
        return found[: query.limit]

    async def categories(self) -> list[Category]:
        """All categories by name, with how many products each has."""
        counts: dict[str, int] = {}
        for product in self._products.values():
            counts[product.category_id] = counts.get(product.category_id, 0) + 1
        shelves = (
            replace(each, product_count=counts.get(each.category_id, 0)) for each in self._categories.values()
        )
        return sorted(shelves, key=lambda category: category.name)

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[MemoryWriter]:
        """One transaction, undone when the block raises."""
        async with self._lock:
            writer = MemoryWriter(dict(self._products), dict(self._categories))
            yield writer
            self._products, self._categories = writer.products, writer.shelves
            self.published.extend(writer.events)


class MemoryWriter:
    """Implements the `CatalogueWriter` port on copies, which replace the originals at the end."""

    def __init__(self, products: dict[str, Product], shelves: dict[str, Category]) -> None:
        self.products = products
        self.shelves = shelves
        self.events: list[Event] = []

    async def get_for_update(self, product_id: str) -> Product | None:
        """One product."""
        return self.products.get(product_id)

    async def insert(self, product: Product) -> None:
        """Adds a product. Raises CategoryNotFound."""
        if product.category_id not in self.shelves:
            raise CategoryNotFound(product.category_id)
        self.products[product.product_id] = product

    async def update(self, product: Product) -> None:
        """Overwrites a product. Raises CategoryNotFound."""
        await self.insert(product)

    async def delete(self, product_id: str) -> None:
        """Takes a product away."""
        self.products.pop(product_id, None)

    async def insert_category(self, category: Category) -> None:
        """Adds a category. Raises SlugTaken."""
        taken = any(
            other.slug == category.slug and other.category_id != category.category_id
            for other in self.shelves.values()
        )
        if taken:
            raise SlugTaken(category.slug)
        self.shelves[category.category_id] = category

    async def import_all(self, categories: Sequence[Category], products: Sequence[Product]) -> None:
        """Adds or overwrites by id. Raises CategoryNotFound, SlugTaken."""
        for category in categories:
            await self.insert_category(category)
        for product in products:
            before = self.products.get(product.product_id)
            revision = before.revision + 1 if before else product.revision
            await self.insert(replace(product, revision=revision))

    async def publish(self, events: Sequence[Event]) -> None:
        """Keeps the events for the end of the transaction."""
        self.events.extend(events)


def _matches(product: Product, query: ProductQuery) -> bool:
    price = product.price.minor_units
    return (
        (not query.category_id or product.category_id == query.category_id)
        and query.name_contains.lower() in product.name.lower()
        and price >= query.min_price
        and (not query.max_price or price <= query.max_price)
    )


def _sort_key(product: Product, query: ProductQuery) -> tuple[str | int, str]:
    if query.sort == "price":
        return product.price.minor_units, product.product_id
    value = product.name if query.sort == "name" else product.created_at.isoformat()
    return value, product.product_id
