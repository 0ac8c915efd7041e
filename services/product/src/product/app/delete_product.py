"""Taking a product off sale."""

from __future__ import annotations

from datetime import datetime

from product.app.ports import CatalogueWriter
from product.domain.errors import ProductNotFound
from product.domain.events import ProductDeleted


async def delete_product(catalogue: CatalogueWriter, product_id: str, *, etag: str, now: datetime) -> None:
    """Deletes a product and tells of it. Raises ProductNotFound, EtagMismatch."""
    product = await catalogue.get_for_update(product_id)
    if product is None:
        raise ProductNotFound(product_id)
    product.require(etag)
    await catalogue.delete(product_id)
    await catalogue.publish([ProductDeleted(product_id, now)])
