"""The gateway as HTTP: problems, methods, documents."""

from __future__ import annotations

import pytest

from tests.support.shop import Shop


def test_unknown_path_and_wrong_method(shop: Shop) -> None:
    shop.problem("GET", "/v1/nothing", expect=404)
    answer = shop.call("DELETE", "/v1/categories", expect=405)
    assert "GET" in answer.headers["allow"]


@pytest.mark.parametrize(
    ("path", "field"),
    [
        ("/v1/products/not-a-uuid", "product_id"),
        ("/v1/products?page_size=101", "page_size"),
        ("/v1/products?order_by=colour", "order_by"),
        ("/v1/products?page_size=many", "page_size"),
    ],
)
def test_bad_input_names_its_field(shop: Shop, path: str, field: str) -> None:
    assert [error["field"] for error in shop.problem("GET", path, expect=400)["errors"]] == [field]


def test_unknown_field_in_a_body_is_named(shop: Shop) -> None:
    answer = shop.problem("POST", "/v1/sessions", {"email": "a@b.c", "pasword": "x"}, expect=400)
    assert "pasword" in str(answer["errors"])


def test_trace_id_of_the_caller_is_kept(shop: Shop) -> None:
    trace = "0af7651916cd43dd8448eb211c80319c"
    answer = shop.problem("GET", "/v1/nothing", expect=404, traceparent=f"00-{trace}-b7ad6b7169203331-01")
    assert answer["trace_id"] == trace


def test_openapi_lists_every_route_and_docs_need_no_internet(shop: Shop) -> None:
    document = shop.get("/openapi.json")
    assert document["openapi"].startswith("3.1")
    assert {"/v1/orders", "/v1/products/{product_id}", "/v1/orders/{order_id}:cancel"} <= set(
        document["paths"]
    )
    page = shop.call("GET", "/docs").text
    assert "http://" not in page.replace(str(shop.http.base_url), "")
    assert "https://" not in page
