"""Products and categories, and what makes them valid."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Final

from product.domain.errors import EtagMismatch, InvalidProduct

MAX_PRICE_MINOR_UNITS: Final = 100_000_000
MAX_WEIGHT_GRAMS: Final = 100_000
MAX_ATTRIBUTES: Final = 50
_SLUG: Final = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")


@dataclass(frozen=True, slots=True)
class Money:
    """An amount in a currency's minor unit."""

    minor_units: int
    currency_code: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Category:
    """A shelf of the shop; `slug` is unique."""

    category_id: str
    slug: str
    name: str
    product_count: int = 0

    def __post_init__(self) -> None:
        wrong = []
        if not _SLUG.fullmatch(self.slug):
            wrong.append(("category.slug", "must be lower-case words joined by hyphens"))
        if not 1 <= len(self.name) <= 80:
            wrong.append(("category.name", "must have 1 to 80 characters"))
        if wrong:
            raise InvalidProduct(wrong)


@dataclass(frozen=True, slots=True, kw_only=True)
class Product:
    """Something on sale. `revision` goes up by one with each change and is shown as the etag."""

    product_id: str
    name: str
    description: str
    category_id: str
    price: Money
    weight_grams: int
    created_at: datetime
    updated_at: datetime
    attributes: Mapping[str, str] = field(default_factory=dict)
    revision: int = 1

    def __post_init__(self) -> None:
        wrong = list(self._violations())
        if wrong:
            raise InvalidProduct(wrong)

    def _violations(self) -> list[tuple[str, str]]:
        checks = [
            ("name", 1 <= len(self.name) <= 200, "must have 1 to 200 characters"),
            ("description", len(self.description) <= 4000, "must have at most 4,000 characters"),
            (
                "price.minor_units",
                1 <= self.price.minor_units <= MAX_PRICE_MINOR_UNITS,
                f"must be 1 to {MAX_PRICE_MINOR_UNITS}",
            ),
            (
                "price.currency_code",
                bool(re.fullmatch("[A-Z]{3}", self.price.currency_code)),
                "must be an ISO 4217 code",
            ),
            ("weight_grams", 1 <= self.weight_grams <= MAX_WEIGHT_GRAMS, f"must be 1 to {MAX_WEIGHT_GRAMS}"),
            ("attributes", _attributes_fit(self.attributes), "must be at most 50, keys to 60, values to 200"),
        ]
        return [(f"product.{name}", message) for name, fine, message in checks if not fine]

    @property
    def etag(self) -> str:
        """What a caller sends back to change only what they saw."""
        return str(self.revision)

    def require(self, etag: str) -> None:
        """Raises EtagMismatch when `etag` is given and not the present one."""
        if etag and etag.strip('"') != self.etag:
            raise EtagMismatch(self.product_id, self.etag)

    def changed(self, changes: Mapping[str, object], now: datetime) -> Product:
        """The product with these fields replaced, one revision on. Raises InvalidProduct."""
        return replace(self, **changes, revision=self.revision + 1, updated_at=now)  # type: ignore[arg-type]


def _attributes_fit(attributes: Mapping[str, str]) -> bool:
    return len(attributes) <= MAX_ATTRIBUTES and all(
        1 <= len(key) <= 60 and len(value) <= 200 for key, value in attributes.items()
    )
