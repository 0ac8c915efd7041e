"""Changing some fields of a product."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Final

from product.app.ports import CatalogueWriter
from product.domain.errors import InvalidProduct, ProductNotFound
from product.domain.events import ProductChanged
from product.domain.product import Product

CHANGEABLE: Final = frozenset({"name", "description", "category_id", "price", "weight_grams", "attributes"})


async def update_product(
    catalogue: CatalogueWriter, product_id: str, changes: Mapping[str, object], *, etag: str, now: datetime
) -> Product:
    """Replaces the fields of `changes`. Raises ProductNotFound, EtagMismatch, InvalidProduct, CategoryNotFound."""
    unknown = sorted(set(changes) - CHANGEABLE)
    if unknown or not changes:
        allowed = ", ".join(sorted(CHANGEABLE))
        raise InvalidProduct([("update_mask", f"must name one or more of {allowed}")])
    product = await catalogue.get_for_update(product_id)
    if product is None:
        raise ProductNotFound(product_id)
    product.require(etag)
    changed = product.changed(changes, now)
    await catalogue.update(changed)
    await catalogue.publish([ProductChanged(changed)])
    return changed
