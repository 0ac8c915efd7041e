"""Path templates, the router, and the catalogue that is read from descriptors."""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from gateway import catalog
from gateway.httprule import Template, TemplateError, parse
from gateway.router import Router
from gateway.transcode.decode import JsonDecoder
from meshkit.access import INTERNAL
from services.gateway.tests import sample


@dataclass(frozen=True)
class Entry:
    http_method: str
    template: Template


def router(*routes: str) -> Router[Entry]:
    return Router([Entry(method, parse(path)) for method, path in (route.split(" ") for route in routes)])


def found(table: Router[Entry], request: str) -> str | None:
    route = table.find(*request.split(" ")).route
    return None if route is None else f"{route.http_method} {route.template.text}"


ROUTES = router(
    "GET /v1/orders",
    "POST /v1/orders",
    "POST /v1/orders:quote",
    "GET /v1/orders/{order_id}",
    "POST /v1/orders/{order_id}:cancel",
    "GET /v1/orders/{order_id}/timeline",
    "GET /v1/orders/latest",
    "GET /v1/files/{name=**}",
    "GET /v1/files/{name=**}:size",
    "DELETE /v1/{kind}/{order_id}",
    "GET /v1/{name=shelves/*/books/*}",
)


@pytest.mark.parametrize(
    ("request_line", "expected"),
    [
        ("GET /v1/orders", "GET /v1/orders"),
        ("POST /v1/orders:quote", "POST /v1/orders:quote"),
        ("GET /v1/orders/1", "GET /v1/orders/{order_id}"),
        ("GET /v1/orders/latest", "GET /v1/orders/latest"),
        ("POST /v1/orders/1:cancel", "POST /v1/orders/{order_id}:cancel"),
        ("GET /v1/orders/a:b", "GET /v1/orders/{order_id}"),
        ("GET /v1/orders/1/timeline", "GET /v1/orders/{order_id}/timeline"),
        ("GET /v1/files/a/b/c", "GET /v1/files/{name=**}"),
        ("GET /v1/files/a/b:size", "GET /v1/files/{name=**}:size"),
        ("DELETE /v1/orders/latest", "DELETE /v1/{kind}/{order_id}"),
        ("GET /v1/shelves/1/books/2", "GET /v1/{name=shelves/*/books/*}"),
        ("GET /v1/orders/", None),
        ("GET /v1/orders/1/", None),
        ("GET /v1/ORDERS", None),
        ("GET /", None),
        ("GET v1/orders", None),
    ],
)
def test_the_most_literal_template_wins(request_line: str, expected: str | None) -> None:
    assert found(ROUTES, request_line) == expected


def test_another_method_of_a_path_names_those_it_has() -> None:
    answer = ROUTES.find("PUT", "/v1/orders/latest")
    assert answer.route is None
    assert answer.allowed == {"GET", "DELETE"}


@pytest.mark.parametrize(
    ("text", "shape"),
    [
        ("/v1/{name=shelves/*}:move", "/v1/shelves/*:move"),
        ("/v1/{a.b_c=**}", "/v1/**"),
        ("/.well-known/jwks.json", "/.well-known/jwks.json"),
        ("/v1/*/x", "/v1/*/x"),
    ],
)
def test_the_whole_grammar_is_read(text: str, shape: str) -> None:
    assert parse(text).shape == shape


@pytest.mark.parametrize(
    "text",
    [
        "",
        "v1",
        "/",
        "/v1//x",
        "/v1/{a",
        "/v1/a}",
        "/v1/{a={b}}",
        "/v1/{}",
        "/v1/{a=**}/b",
        "/v1/{a}/{a}",
        "/v1/{a}x",
        "/a:b/c",
    ],
)
def test_a_malformed_template_is_refused(text: str) -> None:
    with pytest.raises(TemplateError):
        parse(text)


def test_all_public_methods_of_the_contracts_have_routes() -> None:
    routes = catalog.routes_of(catalog.public_services(), JsonDecoder())
    lines = {f"{route.http_method} {route.template.text}" for route in routes}
    assert {
        "POST /v1/sessions:refresh",
        "PATCH /v1/products/{product_id}",
        "POST /v1/orders/{order_id}:cancel",
        "PUT /v1/notifications/preferences",
        "GET /.well-known/jwks.json",
    } <= lines
    assert all(route.access != INTERNAL for route in routes)


def test_policy_comes_from_the_options() -> None:
    routes = {
        route.method.name: route for route in catalog.routes_of(catalog.public_services(), JsonDecoder())
    }
    place, get = routes["PlaceOrder"], routes["GetProduct"]
    assert (place.budget_s, place.http_status, place.upstream) == (5.0, 201, "order")
    assert (get.budget_s, get.http_status, get.upstream) == (2.0, 200, "product")


def test_additional_bindings_and_custom_methods_are_routes_of_their_own() -> None:
    routes = catalog.routes_of([sample.load().services["ShelfService"]], JsonDecoder())
    lines = {f"{route.http_method} {route.template.text}" for route in routes}
    assert {
        "GET /v1/{name=shelves/*}",
        "GET /v1/{shelf.name=racks/*/shelves/**}",
        "GET /v1/shelves:first",
        "PURGE /v1/shelves/{name}",
    } <= lines


def test_every_contradiction_of_the_contracts_is_named_at_once() -> None:
    with pytest.raises(catalog.CatalogError) as caught:
        catalog.routes_of([sample.load().services["WrongService"]], JsonDecoder())
    named = {problem.split(":")[0].rpartition(".")[2] for problem in caught.value.problems}
    assert named == {"Twice", "Hidden", "NoField", "NoBody", "Keyless", "Malformed", "Streams"}
