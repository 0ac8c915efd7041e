"""GET /v1/views/products/{product_id}: the product, and if they can be had, its stock and when it would arrive."""

from __future__ import annotations

import asyncio
from typing import Annotated, Any, Final

import orjson
from fastapi import APIRouter, Path, Query
from fastapi.responses import Response

from banyan.inventory.v1 import inventory_service_pb2 as inventory_pb
from banyan.product.v1 import product_service_pb2 as product_pb
from banyan.shipping.v1 import shipping_service_pb2 as shipping_pb
from gateway.clients import Mesh
from gateway.openapi.operations import PROBLEM
from gateway.transcode.encode import JsonEncoder
from gateway.views.optional import or_fallback
from meshkit.context import deadline_in

BUDGET_S: Final = 0.8
# The page waits no longer for what it can do without.
OPTIONAL_S: Final = 0.4
HOME_COUNTRY: Final = "DE"
_GET_PRODUCT: Final = "/banyan.product.v1.ProductService/GetProduct"
_GET_STOCK: Final = "/banyan.inventory.v1.InventoryService/GetStock"
_QUOTE: Final = "/banyan.shipping.v1.ShippingService/QuoteShipping"

_PART: Final = "#/components/schemas/banyan."
SCHEMA: Final[dict[str, Any]] = {
    "type": "object",
    "required": ["product", "stock", "delivery", "degraded"],
    "properties": {
        "product": {"$ref": f"{_PART}product.v1.Product"},
        "stock": {"anyOf": [{"$ref": f"{_PART}inventory.v1.Stock"}, {"type": "null"}]},
        "delivery": {
            "type": "array",
            "description": "One for each speed on offer; empty where it can't be sent or the offer can't be had.",
            "items": {"$ref": f"{_PART}shipping.v1.ShippingOption"},
        },
        "degraded": {
            "type": "array",
            "description": "Parts that are missing because their service did not answer.",
            "items": {"enum": ["stock", "delivery"]},
        },
    },
}


class ProductPage:
    """Asks the three services; only the product must answer."""

    def __init__(self, mesh: Mesh, encoder: JsonEncoder) -> None:
        self._mesh = mesh
        self._encoder = encoder

    async def page(self, product_id: str, country_code: str) -> bytes:
        """The page as JSON, within 800 ms. Raises RemoteError when the product can't be had."""
        degraded: list[str] = []
        with deadline_in(BUDGET_S):
            stock = asyncio.create_task(
                or_fallback("stock", self._stock(product_id), None, degraded), name="page-stock"
            )
            try:
                product = await self._product(product_id)
                quote = self._delivery(product.weight_grams, country_code)
                delivery = await or_fallback("delivery", quote, [], degraded)
                found = await stock
            finally:
                stock.cancel()
        encode = self._encoder.plain
        page = {
            "product": encode(product),
            "stock": None if found is None else encode(found),
            "delivery": [encode(option) for option in delivery],
            "degraded": sorted(degraded),
        }
        return orjson.dumps(page)

    async def _product(self, product_id: str) -> Any:
        request = product_pb.GetProductRequest(product_id=product_id)
        answer = await self._mesh["product"].call(_GET_PRODUCT, request, product_pb.GetProductResponse)
        return answer.message.product

    async def _stock(self, product_id: str) -> Any:
        request = inventory_pb.GetStockRequest(product_id=product_id)
        upstream = self._mesh["inventory"]
        answer = await upstream.call(_GET_STOCK, request, inventory_pb.GetStockResponse, timeout_s=OPTIONAL_S)
        return answer.message.stock

    async def _delivery(self, weight_grams: int, country_code: str) -> Any:
        request = shipping_pb.QuoteShippingRequest(weight_grams=weight_grams, country_code=country_code)
        upstream = self._mesh["shipping"]
        answer = await upstream.call(_QUOTE, request, shipping_pb.QuoteShippingResponse, timeout_s=OPTIONAL_S)
        return answer.message.options


def router(mesh: Mesh, encoder: JsonEncoder) -> APIRouter:
    """The view's route."""
    view, routes = ProductPage(mesh, encoder), APIRouter(tags=["Views"])

    @routes.get(
        "/v1/views/products/{product_id}",
        operation_id="getProductPage",
        summary="A product with its stock and delivery",
        response_class=Response,
        responses={200: {"content": {"application/json": {"schema": SCHEMA}}}, "default": PROBLEM},
    )
    async def product_page(
        product_id: Annotated[str, Path(description="The product's id.")],
        country_code: Annotated[
            str, Query(alias="countryCode", pattern="^[A-Z]{2}$", description="ISO 3166-1 alpha-2.")
        ] = HOME_COUNTRY,
    ) -> Response:
        """The product is required; stock and delivery are left out, and named in `degraded`, when they can't be had."""
        return Response(await view.page(product_id, country_code), media_type="application/json")

    return routes
