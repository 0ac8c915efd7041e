"""The product service, as ordering needs it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from banyan.product.v1 import product_service_pb2 as product
from meshkit.client import Caller
from order.domain.money import Money
from order.domain.pricing import Product

_BATCH_GET = "/banyan.product.v1.ProductService/BatchGetProducts"


class ProductClient:
    """The `Catalogue` behind a channel."""

    def __init__(self, channel: Caller) -> None:
        self._channel = channel

    async def products(self, product_ids: Sequence[str]) -> Mapping[str, Product]:
        """Those of `product_ids` (at most 100) that are on sale, in one call."""
        request = product.BatchGetProductsRequest(product_ids=product_ids)
        response = await self._channel.unary(_BATCH_GET, request, product.BatchGetProductsResponse)
        return {
            found.product_id: Product(
                found.product_id,
                found.name,
                Money(found.price.minor_units, found.price.currency_code),
                found.weight_grams,
            )
            for found in response.products
        }
