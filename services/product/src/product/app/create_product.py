"""Putting things on sale: a product, a category, a whole catalogue."""

from __future__ import annotations

from collections.abc import Sequence

from product.app.ports import CatalogueWriter
from product.domain.events import ProductChanged
from product.domain.product import Category, Product


async def create_product(catalogue: CatalogueWriter, product: Product) -> Product:
    """Adds a product and tells of it. Raises CategoryNotFound."""
    await catalogue.insert(product)
    await catalogue.publish([ProductChanged(product)])
    return product


async def create_category(catalogue: CatalogueWriter, category: Category) -> Category:
    """Adds a category. Raises SlugTaken."""
    await catalogue.insert_category(category)
    return category


async def import_products(
    catalogue: CatalogueWriter, categories: Sequence[Category], products: Sequence[Product]
) -> None:
    """Adds or overwrites by id, all or nothing, and tells of each product."""
    await catalogue.import_all(categories, products)
    await catalogue.publish([ProductChanged(product) for product in products])
