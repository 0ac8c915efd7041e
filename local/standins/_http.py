"""Strict JSON in, JSON out: requests are read through these checks, errors have one shape."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from typing import Any

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from local.standins._ledger import MAX_PAGE, KeyConflictError

MAX_BODY_BYTES = 64 * 1024
MAX_KEY = 200

Check = Callable[[str, Any], Any]


class ApiError(Exception):
    """An answer other than success: `{"error": code, "message": …, "field": …}` with an HTTP status."""

    def __init__(self, status: int, error: str, message: str, field: str | None = None) -> None:
        super().__init__(message)
        self.status = status
        self.body = {"error": error, "message": message} | ({"field": field} if field else {})


def invalid(field: str, message: str) -> ApiError:
    """400 for one field."""
    return ApiError(400, "invalid_request", f"{field}: {message}", field)


def integer(low: int, high: int) -> Check:
    """A JSON integer in low…high; 1.0, "1" and true are refused."""

    def check(field: str, value: Any) -> int:
        if type(value) is not int or not low <= value <= high:
            raise invalid(field, f"must be an integer from {low} to {high}")
        return value

    return check


def number(low: float, high: float) -> Check:
    """A JSON number in low…high."""

    def check(field: str, value: Any) -> float:
        if type(value) not in (int, float) or not low <= value <= high:
            raise invalid(field, f"must be a number from {low} to {high}")
        return float(value)

    return check


def flag(field: str, value: Any) -> bool:
    """true or false."""
    if type(value) is not bool:
        raise invalid(field, "must be true or false")
    return value


def text(high: int, pattern: str = r"(?s).+") -> Check:
    """A string of 1…high characters that matches `pattern` from end to end."""
    compiled = re.compile(pattern)

    def check(field: str, value: Any) -> str:
        if type(value) is not str or len(value) > high or not compiled.fullmatch(value):
            raise invalid(field, f"must be a string of 1 to {high} characters matching {pattern}")
        return value

    return check


def record(checks: Mapping[str, Check]) -> Check:
    """An object with exactly these fields."""

    def check(field: str, value: Any) -> dict[str, Any]:
        if type(value) is not dict:
            raise invalid(field, "must be an object")
        prefix = f"{field}." if field != "body" else ""
        for name in value.keys() - checks.keys():
            raise invalid(prefix + name, "unknown field")
        for name in checks.keys() - value.keys():
            raise invalid(prefix + name, "required")
        return {name: each(prefix + name, value[name]) for name, each in checks.items()}

    return check


async def read(
    request: Request, checks: Mapping[str, Check], defaults: Mapping[str, Any] | None = None
) -> dict[str, Any]:
    """The request's body, checked field by field; raises ApiError 400, or 413 above 64 KiB."""
    raw = b""
    async for chunk in request.stream():
        raw += chunk
        if len(raw) > MAX_BODY_BYTES:
            raise ApiError(413, "too_large", f"a body has at most {MAX_BODY_BYTES} bytes")
    try:
        body = json.loads(raw)
    except (ValueError, RecursionError) as error:
        raise ApiError(400, "invalid_json", "the body is not JSON") from error
    if defaults is not None and type(body) is dict:
        body = {**defaults, **body}
    checked: dict[str, Any] = record(checks)("body", body)
    return checked


def idempotency_key(request: Request) -> str:
    """The Idempotency-Key header, 1…200 characters; raises ApiError 400 without it."""
    key = request.headers.get("idempotency-key", "")
    if not 1 <= len(key) <= MAX_KEY:
        raise ApiError(
            400, "idempotency_key_required", f"send an Idempotency-Key header of 1 to {MAX_KEY} characters"
        )
    return key


def query_int(request: Request, name: str, default: int, low: int, high: int) -> int:
    """An integer from the query string; raises ApiError 400 when it is none, or out of low…high."""
    value = request.query_params.get(name)
    if value is None:
        return default
    if not re.fullmatch(r"[0-9]{1,18}", value) or not low <= int(value) <= high:
        raise invalid(name, f"must be an integer from {low} to {high}")
    return int(value)


def paging(request: Request) -> tuple[int, int]:
    """`?after=` (default 0: from the start) and `?limit=` (1…1000, default 1000)."""
    return query_int(request, "after", 0, 0, 10**18), query_int(request, "limit", MAX_PAGE, 1, MAX_PAGE)


def created(data: Mapping[str, Any], first: bool) -> JSONResponse:
    """201 for the first answer to a key, 200 for the same answer again."""
    return JSONResponse(dict(data), status_code=201 if first else 200)


async def on_api_error(_: Request, error: Exception) -> Response:
    """ApiError → its own body and status."""
    if not isinstance(error, ApiError):
        raise error
    return JSONResponse(error.body, status_code=error.status)


async def on_conflict(_: Request, __: Exception) -> Response:
    """KeyConflictError → 409."""
    message = "this Idempotency-Key was used with another body"
    return JSONResponse({"error": "idempotency_conflict", "message": message}, status_code=409)


async def on_http_error(_: Request, error: Exception) -> Response:
    """Starlette's own 404 and 405 → the same shape as all others."""
    if not isinstance(error, HTTPException):
        raise error
    code = {404: "not_found", 405: "method_not_allowed"}.get(error.status_code, "http_error")
    return JSONResponse(
        {"error": code, "message": error.detail}, status_code=error.status_code, headers=error.headers
    )


HANDLERS: dict[Any, Any] = {
    ApiError: on_api_error,
    KeyConflictError: on_conflict,
    HTTPException: on_http_error,
}
