"""Waiting times that locust has none for."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any


def together(every_s: float) -> Callable[[Any], float]:
    """A `wait_time`: everybody acts at the same moment, each full `every_s` seconds of the clock, so that they meet."""

    def until_then(_: Any) -> float:
        return every_s - time.time() % every_s

    return until_then
