"""How long to wait before the next try."""

from __future__ import annotations

FIRST_S = 0.1
MOST_S = 10.0


def backoff_s(attempt: int, jitter: float) -> float:
    """Seconds after try number `attempt` (from 1): 0.1 doubled each time, at most 10, of that a half to all.

    `jitter` is a random number from 0 to 1.
    """
    ceiling = min(MOST_S, FIRST_S * 2.0 ** min(attempt - 1, 30))
    return ceiling * (0.5 + jitter / 2)
