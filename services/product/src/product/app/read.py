"""Reading the catalogue: one product, several, a page, the categories."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from product.app.ports import CatalogueReader, ProductQuery
from product.domain.errors import ProductNotFound
from product.domain.product import Category, Product


async def get_product(catalogue: CatalogueReader, product_id: str) -> Product:
    """One product. Raises ProductNotFound."""
    product = await catalogue.get(product_id)
    if product is None:
        raise ProductNotFound(product_id)
    return product


async def batch_get_products(
    catalogue: CatalogueReader, product_ids: Sequence[str]
) -> tuple[list[Product], list[str]]:
    """The products of the ids in their order, each once, and the ids that are not on sale."""
    wanted = list(dict.fromkeys(product_ids))
    found = {product.product_id: product for product in await catalogue.get_many(wanted)}
    missing = [product_id for product_id in wanted if product_id not in found]
    return [found[product_id] for product_id in wanted if product_id in found], missing


async def list_products(catalogue: CatalogueReader, query: ProductQuery) -> tuple[list[Product], bool]:
    """A page of products, and whether there are more after it."""
    rows = await catalogue.find(replace(query, limit=query.limit + 1))
    return rows[: query.limit], len(rows) > query.limit


async def list_categories(catalogue: CatalogueReader) -> list[Category]:
    """All categories by name."""
    return await catalogue.categories()
