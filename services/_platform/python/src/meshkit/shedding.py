"""How many calls of one method run at once: as many as still end in good time.

A fixed limit is too low for one machine and too high for another. This one watches what share of their budget the calls
take: when most of them take long, the server has more in hand than it can do, and the limit shrinks by a third; when they
are quick and the limit is reached, it grows by a tenth. The rule is TCP's (Chiu and Jain 1989, multiplicative decrease), on
windows instead of single calls: a few slow calls, say of a slow card, mean nothing.
"""

from __future__ import annotations

import time
from typing import Final

LEAST: Final = 16
"""Never fewer at once: what waits for others, and not for the processor, would starve."""
_FIRST: Final = 64
_SLOW_SHARE: Final = 0.25
_USUAL_BUDGET_S: Final = 2.0
_WINDOW_S: Final = 0.25
_WINDOW_CALLS: Final = 10
_DECREASE: Final = 0.7
_INCREASE: Final = 1.1


class AdaptiveLimit:
    """The limit of one method; never above `most`."""

    __slots__ = ("_calls", "_full", "_limit", "_most", "_running", "_since", "_slow")

    def __init__(self, most: int) -> None:
        self._most = most
        self._limit = float(min(_FIRST, most))
        self._running = 0
        self._full = False
        self._calls = self._slow = 0
        self._since = time.monotonic()

    @property
    def limit(self) -> int:
        """Calls that may run at once now."""
        return int(self._limit)

    def enter(self) -> bool:
        """Takes a place; False when there is none."""
        if self._running + 1 >= self.limit:
            self._full = True
        if self._running >= self.limit:
            return False
        self._running += 1
        return True

    def leave(self, started: float, deadline: float | None) -> None:
        """Gives the place back. Both on the scale of `time.monotonic()`."""
        self._running -= 1
        now = time.monotonic()
        budget_s = _USUAL_BUDGET_S if deadline is None else deadline - started
        self._calls += 1
        self._slow += now - started > budget_s * _SLOW_SHARE
        if self._calls >= _WINDOW_CALLS and now - self._since >= _WINDOW_S:
            self._judge(now)

    def _judge(self, now: float) -> None:
        if self._slow * 2 > self._calls:
            self._limit = max(self._limit * _DECREASE, min(LEAST, self._most))
        elif self._full:
            self._limit = min(self._limit * _INCREASE + 1, self._most)
        self._full = False
        self._calls = self._slow = 0
        self._since = now
