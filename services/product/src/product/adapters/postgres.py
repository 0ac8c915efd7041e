"""The catalogue in PostgreSQL."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Final

import asyncpg

from meshkit.coalescing import Coalesced
from meshkit.outbox import add_events
from meshkit.postgres import Connection, Database
from product.adapters.events import outgoing
from product.adapters.queries import list_sql
from product.adapters.rows import COLUMNS, category_of, product_of, values_of
from product.app.ports import ProductQuery
from product.domain.errors import CategoryNotFound, SlugTaken
from product.domain.events import Event
from product.domain.product import Category, Product

_PLACES: Final = ", ".join(f"${number}" for number in range(1, 12))
_GET: Final = f"SELECT {COLUMNS} FROM product WHERE product_id = $1"  # noqa: S608 - constants only
_GET_MANY: Final = f"SELECT {COLUMNS} FROM product WHERE product_id = ANY($1::uuid[])"  # noqa: S608 - as above
_INSERT: Final = f"INSERT INTO product ({COLUMNS}) VALUES ({_PLACES})"  # noqa: S608 - constants only
_UPSERT: Final = (
    _INSERT
    + " ON CONFLICT (product_id) DO UPDATE SET name = $2, description = $3, category_id = $4, price_minor = $5, "
    "currency = $6, weight_grams = $7, attributes = $8, revision = product.revision + 1, updated_at = $11"
)
_UPDATE: Final = (
    "UPDATE product SET name = $2, description = $3, category_id = $4, price_minor = $5, currency = $6, "
    "weight_grams = $7, attributes = $8, revision = $9, created_at = $10, updated_at = $11 WHERE product_id = $1"
)
_CATEGORIES: Final = (
    "SELECT c.category_id, c.slug, c.name, count(p.product_id)::int AS product_count "
    "FROM category c LEFT JOIN product p USING (category_id) GROUP BY c.category_id ORDER BY c.name"
)


class PostgresCatalogue:
    """Implements the `Catalogue` port on a pool."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._single = Coalesced(self._by_id)

    async def get(self, product_id: str) -> Product | None:
        """One product, None when it is not on sale; shares round trips with other callers."""
        return await self._single.get(product_id)

    async def get_many(self, product_ids: Sequence[str]) -> list[Product]:
        """Those of the ids that are on sale, in one round trip."""
        async with self._database.acquire() as connection:
            return [product_of(row) for row in await connection.fetch(_GET_MANY, list(product_ids))]

    async def _by_id(self, product_ids: Sequence[str]) -> dict[str, Product]:
        return {product.product_id: product for product in await self.get_many(product_ids)}

    async def find(self, query: ProductQuery) -> list[Product]:
        """At most `query.limit` products in the query's order."""
        statement, arguments = list_sql(query)
        async with self._database.acquire() as connection:
            return [product_of(row) for row in await connection.fetch(statement, *arguments)]

    async def categories(self) -> list[Category]:
        """All categories by name, with how many products each has."""
        async with self._database.acquire() as connection:
            return [category_of(row) for row in await connection.fetch(_CATEGORIES)]

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[PostgresWriter]:
        """One transaction, undone when the block raises."""
        async with self._database.transaction() as connection:
            yield PostgresWriter(connection)


class PostgresWriter:
    """Implements the `CatalogueWriter` port on a connection in a transaction."""

    def __init__(self, connection: Connection) -> None:
        self.connection = connection

    async def get_for_update(self, product_id: str) -> Product | None:
        """One product, locked until the transaction ends."""
        row = await self.connection.fetchrow(
            f"{_GET} FOR UPDATE",
            product_id,
        )
        return product_of(row) if row else None

    async def insert(self, product: Product) -> None:
        """Adds a product. Raises CategoryNotFound."""
        await self._write(_INSERT, product)

    async def update(self, product: Product) -> None:
        """Overwrites a product. Raises CategoryNotFound."""
        await self._write(_UPDATE, product)

    async def delete(self, product_id: str) -> None:
        """Takes a product away."""
        await self.connection.execute("DELETE FROM product WHERE product_id = $1", product_id)

    async def insert_category(self, category: Category) -> None:
        """Adds a category. Raises SlugTaken."""
        try:
            await self.connection.execute(
                "INSERT INTO category (category_id, slug, name) VALUES ($1, $2, $3)",
                category.category_id,
                category.slug,
                category.name,
            )
        except asyncpg.UniqueViolationError as error:
            raise SlugTaken(category.slug) from error

    async def import_all(self, categories: Sequence[Category], products: Sequence[Product]) -> None:
        """Adds or overwrites by id. Raises CategoryNotFound, SlugTaken."""
        try:
            await self.connection.executemany(
                "INSERT INTO category (category_id, slug, name) VALUES ($1, $2, $3) "
                "ON CONFLICT (category_id) DO UPDATE SET slug = $2, name = $3",
                [(category.category_id, category.slug, category.name) for category in categories],
            )
            await self.connection.executemany(_UPSERT, [values_of(product) for product in products])
        except asyncpg.UniqueViolationError as error:
            raise SlugTaken(_named_in(error)) from error
        except asyncpg.ForeignKeyViolationError as error:
            raise CategoryNotFound(_named_in(error)) from error

    async def publish(self, events: Sequence[Event]) -> None:
        """Writes the events beside the state."""
        await add_events(self.connection, [outgoing(event) for event in events])

    async def _write(self, statement: str, product: Product) -> None:
        try:
            await self.connection.execute(statement, *values_of(product))
        except asyncpg.ForeignKeyViolationError as error:
            raise CategoryNotFound(product.category_id) from error


def _named_in(error: asyncpg.PostgresError) -> str:
    """The value that PostgreSQL names in `Key (column)=(value) ...`."""
    return str(error.detail or "").partition("=(")[2].partition(")")[0]
