"""The product page: its parts, and what becomes of it when one is missing."""

from __future__ import annotations

import asyncio
import time
from typing import Any

import httpx2
import pytest

from banyan.inventory.v1 import inventory_service_pb2 as inventory_pb
from banyan.product.v1 import product_service_pb2 as product_pb
from banyan.shipping.v1 import shipping_pb2 as shipping_models
from banyan.shipping.v1 import shipping_service_pb2 as shipping_pb
from meshkit.errors import PlatformError
from services.gateway.tests.upstreams import Upstreams

ID = "0198c1f0-0000-7000-8000-000000000000"
PAGE = f"/v1/views/products/{ID}"


@pytest.fixture
def shop(upstreams: Upstreams) -> Upstreams:
    """Upstreams that have the product."""

    async def product(request: Any, _context: Any) -> Any:
        response = product_pb.GetProductResponse()
        response.product.product_id, response.product.weight_grams = request.product_id, 250
        return response

    async def stock(request: Any, _context: Any) -> Any:
        response = inventory_pb.GetStockResponse()
        response.stock.product_id, response.stock.available = request.product_id, 3
        return response

    async def quote(request: Any, _context: Any) -> Any:
        assert request.weight_grams == 250
        return shipping_pb.QuoteShippingResponse(
            options=[shipping_pb.ShippingOption(speed=shipping_models.SPEED_STANDARD, min_days=2, max_days=4)]
        )

    upstreams.answers.update(GetProduct=product, GetStock=stock, QuoteShipping=quote)
    return upstreams


async def hang(_request: Any, _context: Any) -> Any:
    await asyncio.Event().wait()


def refuse(kind: str, reason: str) -> Any:
    async def answer(_request: Any, _context: Any) -> Any:
        raise PlatformError(kind, reason, "no")

    return answer


async def test_the_page_has_all_its_parts(client: httpx2.AsyncClient, shop: Upstreams) -> None:
    response = await client.get(PAGE, params={"countryCode": "FR"})
    assert response.status_code == 200
    assert response.json() == {
        "product": {"productId": ID, "weightGrams": 250},
        "stock": {"productId": ID, "available": "3"},
        "delivery": [{"speed": "SPEED_STANDARD", "minDays": 2, "maxDays": 4}],
        "degraded": [],
    }
    assert shop.requests_of("QuoteShipping")[0].country_code == "FR"


async def test_what_does_not_answer_is_left_out_in_time(client: httpx2.AsyncClient, shop: Upstreams) -> None:
    shop.answers.update(GetStock=hang, QuoteShipping=hang)
    started = time.monotonic()
    page = (await client.get(PAGE)).json()
    assert time.monotonic() - started < 1.5
    assert page["product"]["productId"] == ID
    assert (page["stock"], page["delivery"], page["degraded"]) == (None, [], ["delivery", "stock"])


async def test_a_failing_part_is_left_out_and_named(client: httpx2.AsyncClient, shop: Upstreams) -> None:
    shop.answers["GetStock"] = refuse("internal", "INTERNAL")
    page = (await client.get(PAGE)).json()
    assert (page["stock"], page["degraded"]) == (None, ["stock"])


async def test_a_refusal_is_an_answer_and_no_degradation(client: httpx2.AsyncClient, shop: Upstreams) -> None:
    shop.answers["GetStock"] = refuse("not_found", "STOCK_NOT_FOUND")
    shop.answers["QuoteShipping"] = refuse("failed_precondition", "DESTINATION_NOT_SERVED")
    page = (await client.get(PAGE)).json()
    assert (page["stock"], page["delivery"], page["degraded"]) == (None, [], [])


async def test_without_its_product_there_is_no_page(client: httpx2.AsyncClient, shop: Upstreams) -> None:
    shop.answers["GetProduct"] = refuse("not_found", "PRODUCT_NOT_FOUND")
    response = await client.get(PAGE)
    assert (response.status_code, response.json()["code"]) == (404, "PRODUCT_NOT_FOUND")
    shop.answers["GetProduct"] = hang
    assert (await client.get(PAGE)).status_code == 504


async def test_a_wrong_country_is_400(client: httpx2.AsyncClient, shop: Upstreams) -> None:
    response = await client.get(PAGE, params={"countryCode": "germany"})
    assert (response.status_code, response.json()["errors"][0]["field"]) == (400, "countryCode")
