"""Errors as the outside sees them: RFC 9457 problem details. The one table from gRPC status to HTTP.

The rows that surprise:
- FAILED_PRECONDITION is 409: what is asked contradicts the resource's state. Only a reused Idempotency-Key is 422,
  as draft-ietf-httpapi-idempotency-key-header has it: the request itself is at fault, whatever the state.
- ABORTED is 409, a race to repeat; an ETAG_MISMATCH is 412, the precondition that the caller named failed.
- RESOURCE_EXHAUSTED is 429 when the caller did too much, and 503 when the shop has too little: OVERLOADED (a server
  shed the call) and BULKHEAD_FULL (the edge did).
- CANCELLED is 499, nginx's number for a client that left; nobody reads it, but logs and metrics do.
- UNIMPLEMENTED is 501: a contract is newer than its server. UNKNOWN and INTERNAL are 500 and never say more.
- OUT_OF_RANGE is 400 as INVALID_ARGUMENT is: a page beyond the end, an amount beyond the limit.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import orjson

TYPE_PREFIX: Final = "urn:banyan:problem:"
_TITLES: Final[Mapping[int, str]] = {
    400: "The request is not valid",
    401: "A valid token is needed",
    403: "Not allowed",
    404: "Not found",
    405: "The method is not allowed here",
    408: "The request came too slowly",
    409: "The state of the resource does not allow it",
    412: "The resource has changed",
    413: "The body is too large",
    415: "The body's media type is not supported",
    422: "The request can't be processed",
    429: "Too many requests",
    499: "The client closed the request",
    500: "Internal error",
    501: "Not implemented",
    503: "Unavailable for the moment",
    504: "Not done in time",
}
STATUS_OF_KIND: Final[Mapping[str, int]] = {
    "cancelled": 499,
    "unknown": 500,
    "invalid_argument": 400,
    "deadline_exceeded": 504,
    "not_found": 404,
    "already_exists": 409,
    "permission_denied": 403,
    "resource_exhausted": 429,
    "failed_precondition": 409,
    "aborted": 409,
    "out_of_range": 400,
    "unimplemented": 501,
    "internal": 500,
    "unavailable": 503,
    "data_loss": 500,
    "unauthenticated": 401,
}
STATUS_OF_REASON: Final[Mapping[tuple[str, str], int]] = {
    ("failed_precondition", "IDEMPOTENCY_KEY_REUSED"): 422,
    ("aborted", "ETAG_MISMATCH"): 412,
    ("resource_exhausted", "OVERLOADED"): 503,
    ("resource_exhausted", "BULKHEAD_FULL"): 503,
}
# Statuses whose cause lies inside: what the error says is for our log, not for the caller.
_OPAQUE: Final[Mapping[int, str]] = {
    500: "internal error",
    501: "this is not available yet",
    503: "a part of the shop can't answer at the moment; try again",
    504: "the request was not done in time; it may have had its effect",
}
_DEFAULT_RETRY_S: Final = 1.0
Header = tuple[bytes, bytes]


@dataclass(frozen=True, slots=True)
class Problem:
    """An error ready to be sent. `errors` are (field, description); `retry_after_s` becomes Retry-After."""

    status: int
    code: str
    detail: str
    errors: Sequence[tuple[str, str]] = ()
    retry_after_s: float | None = None
    challenge: str | None = None
    allow: str | None = None

    def body(self, trace_id: str) -> bytes:
        """The `application/problem+json` document."""
        document: dict[str, Any] = {
            "type": TYPE_PREFIX + self.code,
            "title": _TITLES.get(self.status, "Error"),
            "status": self.status,
            "detail": self.detail,
            "code": self.code,
            "trace_id": trace_id,
        }
        if self.errors:
            document["errors"] = [{"field": field, "description": text} for field, text in self.errors]
        return orjson.dumps(document)

    def headers(self) -> list[Header]:
        """The headers that go with it, media type included."""
        headers: list[Header] = [(b"content-type", b"application/problem+json")]
        if self.retry_after_s is not None:
            headers.append((b"retry-after", str(max(1, math.ceil(self.retry_after_s))).encode()))
        if self.challenge is not None:
            headers.append((b"www-authenticate", self.challenge.encode("latin-1")))
        if self.allow is not None:
            headers.append((b"allow", self.allow.encode()))
        return headers


def problem_of(error: Exception) -> Problem:
    """The problem of any error; one without a known `kind` is INTERNAL and tells nothing."""
    kind = str(getattr(error, "kind", "internal"))
    reason = str(getattr(error, "reason", "") or kind.upper())
    status = (
        int(getattr(error, "status", 0))
        or STATUS_OF_REASON.get((kind, reason))
        or STATUS_OF_KIND.get(kind, 500)
    )
    if status == 500:
        return Problem(500, "INTERNAL", _OPAQUE[500])
    retry_after_s = getattr(error, "retry_after_s", None)
    return Problem(
        status=status,
        code=reason,
        detail=_OPAQUE.get(status) or str(error),
        errors=list(getattr(error, "violations", ())),
        retry_after_s=_DEFAULT_RETRY_S if retry_after_s is None and status == 503 else retry_after_s,
        challenge=getattr(error, "challenge", 'Bearer realm="banyan"') if status == 401 else None,
    )
