"""A thousand products, each with the same id, name, price and stock in every seeded mesh."""

from __future__ import annotations

import math
import random
import re
from collections.abc import Iterator
from dataclasses import dataclass

from local.seeding.ids import fixed_id
from local.seeding.shelves import SHELVES, Shelf

CURRENCY = "EUR"
LEAST_STOCK, MOST_STOCK = 200, 2000


@dataclass(frozen=True, slots=True)
class SeedCategory:
    """A shelf as the product service takes it."""

    category_id: str
    slug: str
    name: str


@dataclass(frozen=True, slots=True)
class SeedProduct:
    """A product and how many of it there are."""

    product_id: str
    category_id: str
    name: str
    description: str
    price_minor: int
    weight_grams: int
    attributes: dict[str, str]
    stock: int


def categories() -> list[SeedCategory]:
    """All twenty, in their order."""
    return [
        SeedCategory(fixed_id("category", number), slug(shelf.name), shelf.name)
        for number, shelf in enumerate(SHELVES)
    ]


def slug(name: str) -> str:
    """Lower-case words joined by hyphens."""
    return re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-")


def products() -> list[SeedProduct]:
    """All thousand, shelf by shelf."""
    result: list[SeedProduct] = []
    for number, (shelf, category) in enumerate(zip(SHELVES, categories(), strict=True)):
        result.extend(_of_shelf(shelf, category.category_id, number, len(result)))
    return result


def _of_shelf(shelf: Shelf, category_id: str, shelf_number: int, first: int) -> Iterator[SeedProduct]:
    dice = random.Random(shelf_number)  # noqa: S311  the same shop every time is the point
    for place, thing in enumerate(shelf.things):
        share = place / (len(shelf.things) - 1)
        for style in shelf.styles:
            value = dice.choice(shelf.values)
            yield SeedProduct(
                product_id=fixed_id("product", first),
                category_id=category_id,
                name=f"{style} {thing}",
                description=f"{style} {thing.lower()} from our {shelf.name.lower()} shelf; {shelf.attribute}: {value}.",
                price_minor=_price(_near(dice, share, shelf.prices)),
                weight_grams=round(_near(dice, share, shelf.weights)),
                attributes={shelf.attribute: value, "style": style.lower()},
                stock=dice.randint(LEAST_STOCK, MOST_STOCK),
            )
            first += 1


def _near(dice: random.Random, share: float, limits: tuple[int, int]) -> float:
    """The things of a shelf rise from its low to its high limit; each style lies a little off its thing's place."""
    low, high = limits
    place = low * math.pow(high / low, share) * dice.uniform(0.85, 1.2)
    return min(high, max(low, place))


def _price(minor: float) -> int:
    """Ends in 99."""
    return round((minor + 1) / 100) * 100 - 1
