"""What is wrong with a request before it reaches a service; of the shape that the platform's errors have.

RequestError
├── several violations of fields      400 INVALID_ARGUMENT
├── a body that is not JSON           400 MALFORMED_JSON
├── a body of another media type      415 UNSUPPORTED_MEDIA_TYPE
└── a body above the limit            413 BODY_TOO_LARGE
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

MAX_VIOLATIONS: Final = 50


class RequestError(Exception):
    """A refused request: HTTP status, reason for programs, message for people, violations by field."""

    kind = "invalid_argument"

    def __init__(
        self, status: int, reason: str, message: str, violations: Sequence[tuple[str, str]] = ()
    ) -> None:
        super().__init__(message)
        self.status = status
        self.reason = reason
        self.violations = list(violations)[:MAX_VIOLATIONS]


def invalid(violations: Sequence[tuple[str, str]]) -> RequestError:
    """The error for fields that are unknown, of the wrong type or out of range."""
    fields = ", ".join(dict.fromkeys(field or "the request" for field, _ in violations[:5]))
    return RequestError(400, "INVALID_ARGUMENT", f"the request is not valid: {fields}", violations)
