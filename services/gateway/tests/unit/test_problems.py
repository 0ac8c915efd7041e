"""The table from gRPC status to HTTP, row by row."""

from __future__ import annotations

import json

import pytest

from gateway.problems import STATUS_OF_KIND, Problem, problem_of
from gateway.transcode.errors import invalid
from meshkit.errors import KINDS, RemoteError

ROWS = [
    ("cancelled", "CANCELLED", 499),
    ("unknown", "UNKNOWN", 500),
    ("invalid_argument", "INVALID_ARGUMENT", 400),
    ("deadline_exceeded", "DEADLINE_EXCEEDED", 504),
    ("not_found", "PRODUCT_NOT_FOUND", 404),
    ("already_exists", "EMAIL_TAKEN", 409),
    ("permission_denied", "STAFF_ONLY", 403),
    ("resource_exhausted", "TOO_MANY_TRIES", 429),
    ("resource_exhausted", "OVERLOADED", 503),
    ("resource_exhausted", "BULKHEAD_FULL", 503),
    ("failed_precondition", "CART_EMPTY", 409),
    ("failed_precondition", "IDEMPOTENCY_KEY_REUSED", 422),
    ("aborted", "REQUEST_IN_PROGRESS", 409),
    ("aborted", "ETAG_MISMATCH", 412),
    ("out_of_range", "OUT_OF_RANGE", 400),
    ("unimplemented", "UNIMPLEMENTED", 501),
    ("internal", "INTERNAL", 500),
    ("unavailable", "CIRCUIT_OPEN", 503),
    ("data_loss", "DATA_LOSS", 500),
    ("unauthenticated", "INVALID_CREDENTIALS", 401),
]


@pytest.mark.parametrize(("kind", "reason", "status"), ROWS)
def test_each_status_has_its_row(kind: str, reason: str, status: int) -> None:
    assert problem_of(RemoteError(kind, reason, "text")).status == status


def test_every_kind_of_the_platform_has_a_row() -> None:
    assert set(STATUS_OF_KIND) == set(KINDS)


@pytest.mark.parametrize(
    "error", [RemoteError("internal", "SECRET", "password=1"), RuntimeError("password=1")]
)
def test_an_internal_error_tells_nothing(error: Exception) -> None:
    document = json.loads(problem_of(error).body("t"))
    assert "password" not in str(document)
    assert document["code"] == "INTERNAL"


def test_a_problem_has_all_that_rfc_9457_and_we_promise() -> None:
    problem = problem_of(invalid([("items[0].quantity", "must be an integer")]))
    assert json.loads(problem.body("abc")) == {
        "type": "urn:banyan:problem:INVALID_ARGUMENT",
        "title": "The request is not valid",
        "status": 400,
        "detail": "the request is not valid: items[0].quantity",
        "code": "INVALID_ARGUMENT",
        "trace_id": "abc",
        "errors": [{"field": "items[0].quantity", "description": "must be an integer"}],
    }
    assert (b"content-type", b"application/problem+json") in problem.headers()


def test_retry_after_is_whole_seconds_and_never_zero() -> None:
    shed = RemoteError("resource_exhausted", "OVERLOADED", "full", retry_after_s=0.2)
    slow = RemoteError("resource_exhausted", "TOO_MANY_TRIES", "wait", retry_after_s=12.3)
    assert (b"retry-after", b"1") in problem_of(shed).headers()
    assert (b"retry-after", b"13") in problem_of(slow).headers()


def test_a_503_always_says_when_to_come_back() -> None:
    assert (b"retry-after", b"1") in problem_of(RemoteError("unavailable", "UNAVAILABLE", "gone")).headers()


def test_a_401_carries_a_challenge() -> None:
    headers = dict(problem_of(RemoteError("unauthenticated", "INVALID_CREDENTIALS", "no")).headers())
    assert headers[b"www-authenticate"] == b'Bearer realm="banyan"'


def test_only_given_headers_are_sent() -> None:
    assert Problem(404, "X", "y").headers() == [(b"content-type", b"application/problem+json")]
