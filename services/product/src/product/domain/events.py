"""What the catalogue tells of."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from product.domain.product import Product


@dataclass(frozen=True, slots=True)
class ProductChanged:
    """A product was made or changed; carries it whole."""

    product: Product


@dataclass(frozen=True, slots=True)
class ProductDeleted:
    """A product is no longer on sale."""

    product_id: str
    deleted_at: datetime


Event = ProductChanged | ProductDeleted
