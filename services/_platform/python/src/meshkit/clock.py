"""The one source of time and of time-ordered ids, replaceable in tests."""

from __future__ import annotations

import uuid
from datetime import UTC, datetime, timedelta
from typing import Protocol

import uuid_utils


class Clock(Protocol):
    """Tells the wall-clock time."""

    def now(self) -> datetime:
        """The present as an aware datetime in UTC."""
        ...


class SystemClock:
    """The machine's clock, moved by a fixed number of seconds (tests of expiry; never in production)."""

    def __init__(self, offset_s: float = 0.0) -> None:
        self._offset = timedelta(seconds=offset_s)

    def now(self) -> datetime:
        """The present as an aware datetime in UTC, offset included."""
        return datetime.now(UTC) + self._offset


class FakeClock:
    """A clock that stands still until told to move."""

    def __init__(self, start: datetime | None = None) -> None:
        self._now = start or datetime(2026, 1, 1, tzinfo=UTC)
        if self._now.tzinfo is None:
            raise ValueError("a clock needs an aware datetime")

    def now(self) -> datetime:
        """The time it was last set to."""
        return self._now

    def advance(self, seconds: float) -> None:
        """Moves forward (or back, when negative) by `seconds`."""
        self._now += timedelta(seconds=seconds)


def uuid7() -> str:
    """A new UUIDv7 in its canonical text form; sorts by time of creation."""
    return str(uuid_utils.uuid7())


def uuid7_at(seconds: float) -> uuid.UUID:
    """The smallest UUIDv7 of a moment (Unix time, in seconds): ids made before it are smaller."""
    return uuid.UUID(int=int(seconds * 1000) << 80 | 0x7 << 76 | 0x2 << 62)
