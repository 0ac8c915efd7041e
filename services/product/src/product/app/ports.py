"""What the use cases need of the world."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from typing import Literal, Protocol

from product.domain.events import Event
from product.domain.product import Category, Product

SortField = Literal["name", "price", "create_time"]


@dataclass(frozen=True, slots=True, kw_only=True)
class ProductQuery:
    """A page to read. Prices in minor units, 0 for no bound; `after` is the sort key and id of the row before the page."""

    limit: int
    sort: SortField = "name"
    descending: bool = False
    category_id: str = ""
    name_contains: str = ""
    min_price: int = 0
    max_price: int = 0
    after: tuple[str | int, str] | None = None


class CatalogueReader(Protocol):
    """Reads without a transaction of their own."""

    async def get(self, product_id: str) -> Product | None:
        """One product, None when it is not on sale."""
        ...

    async def get_many(self, product_ids: Sequence[str]) -> list[Product]:
        """Those of the ids that are on sale, in any order, in one round trip."""
        ...

    async def find(self, query: ProductQuery) -> list[Product]:
        """At most `query.limit` products in the query's order."""
        ...

    async def categories(self) -> list[Category]:
        """All categories by name, with how many products each has."""
        ...


class CatalogueWriter(Protocol):
    """Changes inside one transaction; nothing is seen by others before it ends well."""

    async def get_for_update(self, product_id: str) -> Product | None:
        """One product, locked until the transaction ends."""
        ...

    async def insert(self, product: Product) -> None:
        """Adds a product. Raises CategoryNotFound."""
        ...

    async def update(self, product: Product) -> None:
        """Overwrites a product. Raises CategoryNotFound."""
        ...

    async def delete(self, product_id: str) -> None:
        """Takes a product away."""
        ...

    async def insert_category(self, category: Category) -> None:
        """Adds a category. Raises SlugTaken."""
        ...

    async def import_all(self, categories: Sequence[Category], products: Sequence[Product]) -> None:
        """Adds or overwrites by id, few round trips whatever the number. Raises CategoryNotFound, SlugTaken."""
        ...

    async def publish(self, events: Sequence[Event]) -> None:
        """Tells of these when, and only when, the transaction ends well."""
        ...


class Catalogue(CatalogueReader, Protocol):
    """A store of the catalogue."""

    def transaction(self) -> AbstractAsyncContextManager[CatalogueWriter]:
        """One transaction: kept when the block ends well, undone when it raises."""
        ...
