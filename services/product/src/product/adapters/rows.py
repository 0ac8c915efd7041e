"""Rows of the tables to domain objects and back."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import asyncpg
import orjson

from product.domain.product import Category, Money, Product

COLUMNS = (
    "product_id, name, description, category_id, price_minor, currency, weight_grams, attributes, revision, "
    "created_at, updated_at"
)


def product_of(row: asyncpg.Record) -> Product:
    """A product from a row of `COLUMNS`."""
    return Product(
        product_id=str(row["product_id"]),
        name=row["name"],
        description=row["description"],
        category_id=str(row["category_id"]),
        price=Money(row["price_minor"], row["currency"]),
        weight_grams=row["weight_grams"],
        attributes=orjson.loads(row["attributes"]),
        revision=row["revision"],
        created_at=row["created_at"],
        updated_at=row["updated_at"],
    )


def values_of(product: Product) -> Sequence[Any]:
    """The values of `COLUMNS`, in their order."""
    return (
        product.product_id,
        product.name,
        product.description,
        product.category_id,
        product.price.minor_units,
        product.price.currency_code,
        product.weight_grams,
        orjson.dumps(dict(product.attributes)).decode(),
        product.revision,
        product.created_at,
        product.updated_at,
    )


def category_of(row: asyncpg.Record) -> Category:
    """A category from a row with its product count."""
    return Category(
        category_id=str(row["category_id"]),
        slug=row["slug"],
        name=row["name"],
        product_count=row["product_count"],
    )
