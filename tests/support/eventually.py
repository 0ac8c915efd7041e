"""Waiting for something that happens by event, with a deadline."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")


def eventually(condition: Callable[[], T], deadline_s: float = 15.0, interval_s: float = 0.1) -> T:
    """Calls `condition` until it gives something true without an AssertionError, and returns that.

    After `deadline_s` the last AssertionError is raised, or one that shows what came last.
    """
    until = time.monotonic() + deadline_s
    while True:
        failure: AssertionError | None = None
        last: object = None
        try:
            result = condition()
            if result:
                return result
            last = result
        except AssertionError as error:
            failure = error
        if time.monotonic() > until:
            raise failure or AssertionError(f"not within {deadline_s:g} s; last seen: {last!r}")
        time.sleep(interval_s)
