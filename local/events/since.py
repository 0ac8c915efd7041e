"""Times as people write them: so long ago, or a moment."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import Final

from local.errors import LocalError

_AGO: Final = re.compile(r"(\d{1,6})([smhd])")
_UNITS: Final = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days"}


def moment(text: str, now: datetime) -> datetime:
    """`90m`, `2h` or `3d` before `now`, or an ISO 8601 time, UTC when it has no zone; LocalError for anything else."""
    if found := _AGO.fullmatch(text):
        return now - timedelta(**{_UNITS[found[2]]: int(found[1])})
    try:
        given = datetime.fromisoformat(text)
    except ValueError:
        raise LocalError(f"{text!r} is no time: write 90m, 2h or 3d (ago), or 2026-01-31T08:00:00Z") from None
    return given if given.tzinfo else given.replace(tzinfo=UTC)
