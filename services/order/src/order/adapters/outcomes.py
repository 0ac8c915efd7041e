"""From what a call to an upstream did to what the workflow may conclude."""

from __future__ import annotations

from collections.abc import Awaitable
from typing import Final

from meshkit.errors import RemoteError
from meshkit.logging import get_logger
from order.domain.steps import Outcome, Refused, Unclear

# The upstream has looked at the request and says no; it will say so again. All other kinds may pass by themselves.
_DEFINITE: Final = frozenset(
    {"invalid_argument", "failed_precondition", "not_found", "already_exists", "out_of_range"}
)
log = get_logger()


async def outcome_of(call: Awaitable[Outcome]) -> Outcome:
    """The call's own outcome, or what its failure means; never raises but for cancellation."""
    try:
        return await call
    except RemoteError as error:
        return Refused(error.reason) if error.kind in _DEFINITE else Unclear(error.reason)
    except Exception as error:
        log.error("workflow call failed", exc_info=error)
        return Unclear("INTERNAL")
