"""Opaque page tokens for keyset paging: where the last page ended, bound to the query that it was a page of."""

from __future__ import annotations

import base64
import binascii
import hashlib
from collections.abc import Sequence
from typing import Final

import orjson

from meshkit.errors import PlatformError

DEFAULT_PAGE_SIZE: Final = 20
MAX_PAGE_SIZE: Final = 100
Key = str | int


def page_size(asked: int) -> int:
    """The page size to use: 20 for 0, never above 100."""
    return min(asked, MAX_PAGE_SIZE) if asked > 0 else DEFAULT_PAGE_SIZE


def encode(query: Sequence[Key], last: Sequence[Key]) -> str:
    """A token for the page after the row whose sort key is `last`; `query` is everything that selects and orders."""
    return base64.urlsafe_b64encode(orjson.dumps([_fingerprint(query), *last])).decode().rstrip("=")


def decode(query: Sequence[Key], token: str, kinds: Sequence[type]) -> list[Key] | None:
    """The sort key in `token`, None for an empty one.

    Raises invalid_argument PAGE_TOKEN_INVALID when it is not one of ours, of another query, or its parts are not `kinds`.
    """
    if not token:
        return None
    try:
        parts = orjson.loads(base64.urlsafe_b64decode(token + "=" * (-len(token) % 4)))
    except (binascii.Error, ValueError):
        parts = None
    if (
        not isinstance(parts, list)
        or parts[:1] != [_fingerprint(query)]
        or [type(part) for part in parts[1:]] != list(kinds)
    ):
        message = "the page token is not one of this query; start again without it"
        raise PlatformError(
            "invalid_argument", "PAGE_TOKEN_INVALID", message, violations=[("page_token", message)]
        )
    return list(parts[1:])


def _fingerprint(query: Sequence[Key]) -> str:
    return hashlib.sha256(orjson.dumps(list(query))).hexdigest()[:12]
