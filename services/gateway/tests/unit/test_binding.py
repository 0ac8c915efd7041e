"""Path, query and body into one request message."""

from __future__ import annotations

from typing import Any

import pytest

from gateway import catalog
from gateway.router import Router
from gateway.transcode.decode import JsonDecoder
from gateway.transcode.errors import RequestError
from services.gateway.tests import sample

proto = sample.load()
ROUTER = Router(catalog.routes_of([proto.services["ShelfService"]], JsonDecoder()))
JSON = b"application/json"


def bind(request: str, body: bytes = b"", media_type: bytes = JSON) -> Any:
    method, _, target = request.partition(" ")
    path, _, query = target.partition("?")
    found = ROUTER.find(method, path)
    assert found.route is not None
    return found.route.binder.bind(found.segments, query.encode(), body, media_type)


def refused(request: str, body: bytes = b"", media_type: bytes = JSON) -> RequestError:
    with pytest.raises(RequestError) as caught:
        bind(request, body, media_type)
    return caught.value


def test_a_variable_with_a_pattern_keeps_its_literals() -> None:
    assert bind("GET /v1/shelves/top").name == "shelves/top"


def test_a_variable_over_many_segments_keeps_escaped_slashes() -> None:
    request = bind("GET /v1/racks/r%20r/shelves/a%2Fb/c%C3%A4")
    assert request.shelf.name == "racks/r r/shelves/a%2Fb/cä"


def test_a_single_segment_is_decoded_whole() -> None:
    assert bind("POST /v1/shelves/a%2Fb:move").name == "a/b"


def test_query_fields_go_by_both_names_nested_and_repeated() -> None:
    request = bind(
        "GET /v1/shelves/1?filter.an_int32=1&filter.anInt64=-2&numbers=1&numbers=2&filter.aBool=true"
        "&filter.aTime=2026-01-31T12:00:00%2B01:00&filter.colours=COLOUR_RED&filter.colours=5"
        "&filter.wrappedBool=false&filter.a_string=a+b%26&updateMask=a,bC&filter.aDuration=1.5s"
    )
    wanted = proto.ShelfRequest(name="shelves/1", numbers=[1, 2])
    wanted.filter.an_int32, wanted.filter.an_int64, wanted.filter.a_bool = 1, -2, True
    wanted.filter.a_time.FromJsonString("2026-01-31T11:00:00Z")
    wanted.filter.colours.extend([1, 5])
    wanted.filter.wrapped_bool.value = False
    wanted.filter.a_string = "a b&"
    wanted.filter.a_duration.FromJsonString("1.500s")
    wanted.update_mask.paths.extend(["a", "b_c"])
    assert request == wanted


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("nothing=1", "nothing"),
        ("filter=1", "filter"),
        ("filter.inners.aBool=true", "filter.inners.aBool"),
        ("filter.textByText=1", "filter.textByText"),
        ("filter.anInt32=", "filter.an_int32"),
        ("filter.aBool=1", "filter.a_bool"),
        ("filter.aString=a&filter.a_string=b", "filter.a_string"),
        ("requestId=1", "requestId"),
        ("request_id=1", "request_id"),
        ("name=1", "name"),
        ("filter.aString=%FF", "filter.aString"),
        ("filter.aTime=now", "filter.a_time"),
    ],
)
def test_a_wrong_parameter_is_named(query: str, field: str) -> None:
    error = refused(f"GET /v1/shelves/1?{query}")
    assert error.status == 400
    assert [name for name, _ in error.violations] == [field]


def test_a_path_that_is_no_utf8_or_of_the_wrong_type_is_named() -> None:
    assert refused("POST /v1/shelves/%FF:move").violations == [("name", "is not UTF-8")]
    assert refused("PATCH /v1/shelves/x").violations[0][0] == "shelf.content.an_int64"


def test_the_path_wins_over_the_body() -> None:
    assert bind("POST /v1/shelves/path:move", b'{"name": "body", "numbers": [3]}').name == "path"


def test_a_named_body_fills_that_field_and_the_mask() -> None:
    request = bind("PATCH /v1/shelves/7", b'{"name": "n", "content": {"aString": "s"}}')
    assert (request.shelf.name, request.shelf.content.a_string) == ("n", "s")
    assert request.shelf.content.an_int64 == 7
    assert list(request.update_mask.paths) == ["content", "name"]  # in whatever order the body names them


def test_a_given_mask_is_kept_and_null_clears_a_masked_field() -> None:
    assert list(bind("PATCH /v1/shelves/7?updateMask=name", b'{"content": {}}').update_mask.paths) == ["name"]
    request = bind("PATCH /v1/shelves/7", b'{"name": null}')
    assert (request.shelf.name, list(request.update_mask.paths)) == ("", ["name"])


def test_the_request_id_comes_from_its_header_only() -> None:
    assert refused("POST /v1/shelves/1:move", b'{"requestId": "x"}').violations[0][0] == "request_id"


def test_a_body_of_all_fields_leaves_none_to_the_query() -> None:
    assert refused("POST /v1/shelves/1:move?numbers=1", b"{}").status == 400


def test_an_empty_body_is_an_empty_message() -> None:
    assert bind("POST /v1/shelves/1:move", b"", b"") == proto.ShelfRequest(name="1")


@pytest.mark.parametrize(
    "media_type", [b"", b"text/plain", b"application/x-www-form-urlencoded", b"application/jsonp"]
)
def test_another_media_type_is_refused(media_type: bytes) -> None:
    assert refused("POST /v1/shelves/1:move", b"{}", media_type).status == 415


@pytest.mark.parametrize(
    "media_type",
    [JSON, b"application/json; charset=utf-8", b"Application/JSON", b"application/merge-patch+json"],
)
def test_json_by_all_its_names_is_taken(media_type: bytes) -> None:
    assert bind("POST /v1/shelves/1:move", b'{"numbers": [1]}', media_type).numbers == [1]


def test_an_http_body_is_taken_as_it_is() -> None:
    request = bind("POST /v1/shelves/1/file", b"\x00\x01", b"image/png")
    assert (request.upload.content_type, request.upload.data) == ("image/png", b"\x00\x01")


@pytest.mark.parametrize("body", [b"[1", b"\xff", b"{'a':1}", b"NaN"])
def test_a_body_that_is_not_json_is_400(body: bytes) -> None:
    assert refused("POST /v1/shelves/1:move", body).reason == "MALFORMED_JSON"


def test_a_body_of_another_shape_is_400() -> None:
    assert refused("POST /v1/shelves/1:move", b"[]").violations == [("", "must be an object")]


def test_thousands_of_parameters_are_refused() -> None:
    assert refused("GET /v1/shelves/1?" + "&".join(["numbers=1"] * 1000)).status == 400
