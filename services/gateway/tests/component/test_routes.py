"""Every public route, from the outside."""

from __future__ import annotations

import re
from types import SimpleNamespace
from typing import Any

import httpx2
import pytest

from banyan.common.v1 import money_pb2
from banyan.order.v1 import order_service_pb2 as order_pb
from banyan.product.v1 import product_service_pb2 as product_pb
from gateway import catalog
from gateway.openapi.operations import PROBLEM
from gateway.transcode.decode import JsonDecoder
from meshkit import access
from meshkit.errors import PlatformError
from services.gateway.tests.upstreams import Upstreams

ID = "0198c1f0-0000-7000-8000-000000000000"
ROUTES = catalog.routes_of(catalog.public_services(), JsonDecoder())
BODIES: dict[str, Any] = {
    "RegisterUser": {"email": "a@example.com", "password": "long enough", "displayName": "A"},
    "CreateSession": {"email": "a@example.com", "password": "x"},
    "RefreshSession": {"refreshToken": "x"},
    "UpdateMe": {"displayName": "B"},
    "SetUserRoles": {"roles": ["ROLE_STAFF"]},
    "CreateCategory": {"slug": "a-b", "name": "A"},
    "CreateProduct": {
        "name": "A",
        "categoryId": ID,
        "price": {"minorUnits": "1299", "currencyCode": "EUR"},
        "weightGrams": 5,
    },
    "PutItem": {"quantity": 1},
    "ReceiveGoods": {"quantity": "5"},
    "QuoteOrder": {"countryCode": "DE"},
    "PlaceOrder": {
        "shippingAddress": {
            "recipientName": "A",
            "addressLines": ["Street 1"],
            "city": "Berlin",
            "postalCode": "10115",
            "countryCode": "DE",
        },
        "paymentToken": "tok_ok",
    },
    "QuoteShipping": {"weightGrams": 100, "countryCode": "DE"},
}
QUERIES = {"BatchGetProducts": f"?productIds={ID}", "BatchGetStock": f"?productIds={ID}&productIds={ID}"}


def path_of(route: catalog.Route) -> str:
    return re.sub(r"\{[^}]*\}", ID, route.template.text) + QUERIES.get(route.method.name, "")


async def send(client: httpx2.AsyncClient, route: catalog.Route, headers: dict[str, str]) -> httpx2.Response:
    more: dict[str, Any] = {"json": BODIES.get(route.method.name, {})} if route.body else {}
    headers = {**headers, "Idempotency-Key": "k1"} if route.idempotency else headers
    return await client.request(route.http_method, path_of(route), headers=headers, **more)


async def test_every_route_of_the_contracts_answers(
    client: httpx2.AsyncClient, upstreams: Upstreams, bearer: SimpleNamespace
) -> None:
    for route in ROUTES:
        response = await send(client, route, bearer.staff)
        assert response.status_code == route.http_status, (route.method.name, response.text)
        assert upstreams.requests_of(route.method.name), route.method.name
        assert (response.content == b"") == (route.http_status == 204)


async def test_every_protected_route_refuses_strangers_before_a_call_is_spent(
    client: httpx2.AsyncClient, upstreams: Upstreams, bearer: SimpleNamespace
) -> None:
    for route in (route for route in ROUTES if route.access != access.PUBLIC):
        response = await send(client, route, {})
        assert (response.status_code, response.json()["code"]) == (401, "UNAUTHENTICATED")
        assert response.headers["www-authenticate"].startswith("Bearer")
        if route.access == access.STAFF:
            assert (await send(client, route, bearer.customer)).status_code == 403
        assert not upstreams.requests_of(route.method.name)


async def test_the_document_has_every_route(client: httpx2.AsyncClient) -> None:
    document = (await client.get("/openapi.json")).json()
    for route in ROUTES:
        operation = document["paths"][route.template.text][route.http_method.lower()]
        assert operation["responses"]["default"] == PROBLEM


async def test_a_product_comes_as_canonical_json(client: httpx2.AsyncClient, upstreams: Upstreams) -> None:
    async def answer(request: Any, _context: Any) -> Any:
        response = product_pb.GetProductResponse()
        response.product.product_id = request.product_id
        response.product.name = "Tëa"
        response.product.price.CopyFrom(money_pb2.Money(minor_units=1299, currency_code="EUR"))
        response.product.create_time.FromJsonString("2026-01-31T12:00:00.5Z")
        return response

    upstreams.answers["GetProduct"] = answer
    response = await client.get(f"/v1/products/{ID}")
    assert response.headers["content-type"] == "application/json"
    assert response.json() == {
        "product": {
            "productId": ID,
            "name": "Tëa",
            "price": {"minorUnits": "1299", "currencyCode": "EUR"},
            "createTime": "2026-01-31T12:00:00.500Z",
        }
    }


async def test_a_patch_without_a_mask_masks_what_its_body_names(
    client: httpx2.AsyncClient, upstreams: Upstreams, bearer: SimpleNamespace
) -> None:
    body = {"name": "new", "weight_grams": 7, "etag": "e1"}
    response = await client.patch(f"/v1/products/{ID}", json=body, headers=bearer.staff)
    assert response.status_code == 200
    [request] = upstreams.requests_of("UpdateProduct")
    assert list(request.update_mask.paths) == ["name", "weight_grams"]
    assert (request.product.etag, request.product_id) == ("e1", ID)


async def test_a_refusal_of_a_service_becomes_a_problem(
    client: httpx2.AsyncClient, upstreams: Upstreams, bearer: SimpleNamespace
) -> None:
    async def answer(_request: Any, _context: Any) -> Any:
        raise PlatformError(
            "failed_precondition", "CART_EMPTY", "the cart is empty", violations=[("items", "is empty")]
        )

    upstreams.answers["PlaceOrder"] = answer
    route = next(route for route in ROUTES if route.method.name == "PlaceOrder")
    response = await send(client, route, bearer.customer)
    problem = response.json()
    assert response.status_code == 409
    assert response.headers["content-type"] == "application/problem+json"
    assert (problem["code"], problem["detail"]) == ("CART_EMPTY", "the cart is empty")
    assert problem["errors"] == [{"field": "items", "description": "is empty"}]
    assert problem["trace_id"] == response.headers["x-request-id"]


async def test_a_broken_rule_of_the_contract_is_400_with_its_field(client: httpx2.AsyncClient) -> None:
    response = await client.get("/v1/products/not-a-uuid")
    assert response.status_code == 400
    assert [error["field"] for error in response.json()["errors"]] == ["product_id"]


async def test_an_internal_error_of_a_service_tells_nothing(
    client: httpx2.AsyncClient, upstreams: Upstreams
) -> None:
    async def answer(_request: Any, _context: Any) -> Any:
        raise RuntimeError("the password is 1234")

    upstreams.answers["GetProduct"] = answer
    response = await client.get(f"/v1/products/{ID}")
    assert response.status_code == 500
    assert "1234" not in response.text


async def test_a_service_may_choose_the_status_and_a_location(
    client: httpx2.AsyncClient, upstreams: Upstreams, bearer: SimpleNamespace
) -> None:
    async def answer(_request: Any, context: Any) -> Any:
        context.set_initial_metadata("banyan-http-status", "202")
        context.set_initial_metadata("banyan-location", "/v1/orders/1")
        context.set_initial_metadata("banyan-idempotency-replayed", "true")
        return order_pb.PlaceOrderResponse()

    upstreams.answers["PlaceOrder"] = answer
    route = next(route for route in ROUTES if route.method.name == "PlaceOrder")
    response = await send(client, route, bearer.customer)
    assert response.status_code == 202
    assert response.headers["location"] == "/v1/orders/1"
    assert response.headers["idempotency-replayed"] == "true"


@pytest.mark.parametrize(
    "path", ["/", "/v1", "/v1/products/", "/v1/nothing", "/v1/products/a/b", "/favicon.ico"]
)
async def test_an_unknown_path_is_a_404_problem(client: httpx2.AsyncClient, path: str) -> None:
    response = await client.get(path)
    assert (response.status_code, response.json()["code"]) == (404, "ROUTE_NOT_FOUND")


async def test_an_internal_rpc_has_no_route(client: httpx2.AsyncClient) -> None:
    for path in (
        "/banyan.order.v1.OrderService/PlaceOrder",
        "/banyan.product.v1.ProductService/ImportProducts",
    ):
        assert (await client.post(path, json={})).status_code == 404


@pytest.mark.parametrize(
    ("method", "path", "allow"),
    [
        ("PUT", "/v1/products", "GET, HEAD, OPTIONS, POST"),
        ("GET", "/v1/orders:quote", "OPTIONS, POST"),
        ("POST", f"/v1/views/products/{ID}", "GET, HEAD, OPTIONS"),
    ],
)
async def test_another_method_is_405_with_those_allowed(
    client: httpx2.AsyncClient, method: str, path: str, allow: str
) -> None:
    response = await client.request(method, path)
    assert (response.status_code, response.json()["code"]) == (405, "METHOD_NOT_ALLOWED")
    assert response.headers["allow"] == allow


async def test_options_tells_the_methods(client: httpx2.AsyncClient) -> None:
    response = await client.options("/v1/cart")
    assert (response.status_code, response.headers["allow"]) == (204, "DELETE, GET, HEAD, OPTIONS")
    response = await client.options(f"/v1/views/products/{ID}")
    assert (response.status_code, response.headers["allow"]) == (204, "GET, HEAD, OPTIONS")


async def test_head_is_get_without_its_body(client: httpx2.AsyncClient) -> None:
    for path in (f"/v1/products/{ID}", f"/v1/views/products/{ID}", "/docs"):
        got, headed = await client.get(path), await client.head(path)
        assert headed.status_code == 200
        assert headed.content == b""
        assert headed.headers["content-length"] == got.headers["content-length"]
