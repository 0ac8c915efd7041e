"""Things to test with."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

from meshkit.clock import uuid7
from product.app.ports import Catalogue
from product.domain.product import Category, Money, Product

NOW = datetime(2026, 1, 1, tzinfo=UTC)


def category(slug: str = "tools") -> Category:
    """A valid category."""
    return Category(category_id=uuid7(), slug=slug, name=slug.title())


def product(category_id: str, **changes: object) -> Product:
    """A valid product."""
    made = Product(
        product_id=uuid7(),
        name="Hammer",
        description="Drives nails",
        category_id=category_id,
        price=Money(1299, "EUR"),
        weight_grams=700,
        created_at=NOW,
        updated_at=NOW,
        attributes={"colour": "red"},
    )
    return replace(made, **changes)  # type: ignore[arg-type]


async def stocked(catalogue: Catalogue, *names: str) -> tuple[Category, list[Product]]:
    """A category with products of these names, prices 100, 200, ... minor units."""
    shelf = category()
    made = [
        product(shelf.category_id, name=name, price=Money(100 * number, "EUR"))
        for number, name in enumerate(names, 1)
    ]
    async with catalogue.transaction() as writer:
        await writer.import_all([shelf], made)
    return shelf, made
