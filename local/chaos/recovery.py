"""How long after a fault orders went well again."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence
from typing import Final

from local.chaos.records import Struck, Try

WINDOW_S: Final = 2.0
WELL: Final = 0.99
FEWEST: Final = 3
"""Fewer orders in a window prove nothing."""


def recovered_after(tries: Sequence[Try], since_s: float, until_s: float) -> float | None:
    """Seconds from `since_s` to the first 2 s in which at least 99 % of the orders begun were served.

    `tries` are sorted by their start. None when that did not come before `until_s`.
    """
    starts = [each.at_s for each in tries]
    first = bisect_left(starts, since_s)
    moments = [since_s, *(each.at_s + 1e-6 for each in tries[first:] if not each.served)]
    for moment in moments:
        if moment + WINDOW_S > until_s:
            return None
        window = tries[bisect_left(starts, moment) : bisect_left(starts, moment + WINDOW_S)]
        if len(window) >= FEWEST and sum(each.served for each in window) >= WELL * len(window):
            return moment - since_s
    return None


def measure(struck: Sequence[Struck], tries: Sequence[Try], end_s: float) -> None:
    """Writes the recovery of each fault into it: seen from its end to the start of the next, or the end of the load."""
    ordered = sorted(struck, key=lambda each: each.began_s)
    for index, fault in enumerate(ordered):
        later = [each.began_s for each in ordered[index + 1 :] if each.began_s > fault.ended_s]
        fault.recovery_s = recovered_after(tries, fault.ended_s, min([end_s, *later]))
