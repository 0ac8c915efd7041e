"""The OpenAPI document and its page."""

from __future__ import annotations

import re

import httpx2
from openapi_spec_validator import OpenAPIV31SpecValidator


async def test_the_document_is_valid_openapi_3_1(client: httpx2.AsyncClient) -> None:
    response = await client.get("/openapi.json")
    document = response.json()
    assert document["openapi"].startswith("3.1")
    assert list(OpenAPIV31SpecValidator(document).iter_errors()) == []


async def test_comments_rules_and_policy_are_in_the_document(client: httpx2.AsyncClient) -> None:
    document = (await client.get("/openapi.json")).json()
    place = document["paths"]["/v1/orders"]["post"]
    assert place["description"].startswith("Places an order: prices it from the catalogue")
    assert place["security"] == [{"bearer": []}]
    assert {"$ref": "#/components/parameters/IdempotencyKey-required"} in place["parameters"]
    body = place["requestBody"]["content"]["application/json"]["schema"]
    assert body["required"] == ["shippingAddress", "paymentToken"]
    assert "requestId" not in body["properties"]
    product = document["components"]["schemas"]["banyan.product.v1.Product"]["properties"]
    assert (product["name"]["maxLength"], product["weightGrams"]["maximum"]) == (200, 100_000)
    [page_size] = [
        p for p in document["paths"]["/v1/products"]["get"]["parameters"] if p.get("name") == "pageSize"
    ]
    assert page_size["schema"]["maximum"] == 100


async def test_the_page_needs_nothing_from_elsewhere(client: httpx2.AsyncClient) -> None:
    page = await client.get("/docs")
    assert page.status_code == 200
    assert "script-src 'self'" in page.headers["content-security-policy"]
    assets = re.findall(r'(?:src|href)="([^"]+)"', page.text)
    assert assets
    for asset in assets:
        assert asset.startswith("/docs/")
        assert (await client.get(asset)).status_code == 200
