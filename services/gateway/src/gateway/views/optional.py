"""Parts that a page can do without: replaced by a fallback when they do not come."""

from __future__ import annotations

from collections.abc import Awaitable
from typing import Final, TypeVar

from meshkit.errors import RemoteError
from meshkit.logging import get_logger

T = TypeVar("T")
# Refusals are answers: a product without stock, a place that is not served.
_ANSWERS: Final = frozenset({"not_found", "failed_precondition"})
log = get_logger()


async def or_fallback(part: str, work: Awaitable[T], fallback: T, degraded: list[str]) -> T:
    """The part, or the fallback; when its service did not answer, the part's name is added to `degraded`."""
    try:
        return await work
    except RemoteError as error:
        if error.kind not in _ANSWERS:
            log.warning("part of a page left out", part=part, reason=error.reason)
            degraded.append(part)
        return fallback
