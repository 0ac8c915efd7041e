"""Work that repeats in the background; its failures are logged, counted and slowed down, never silent."""

from __future__ import annotations

import random
from collections.abc import Awaitable, Callable
from typing import Final

from meshkit import tracing
from meshkit.lifecycle import Background
from meshkit.logging import get_logger
from meshkit.telemetry import TASK_FAILURES

_MAX_BACKOFF_S: Final = 60.0
# Replicas started together must not sweep together; nobody gains from guessing when.
_jitter = random.Random()  # noqa: S311
log = get_logger()


class Periodic(Background):
    """Runs `fn` every `interval_s` seconds (± 10 %), first at once; failures in a row make it wait longer."""

    def __init__(self, name: str, interval_s: float, fn: Callable[[], Awaitable[None]]) -> None:
        super().__init__(name)
        if interval_s <= 0:
            raise ValueError("an interval must be longer than 0 s")
        self._interval_s = interval_s
        self._fn = fn

    async def run(self) -> None:
        """Repeats until stopped."""
        failures = 0
        while not self.stopping:
            try:
                with tracing.internal_span(self.name):
                    await self._fn()
                failures = 0
            except Exception as error:  # the next run may succeed
                failures += 1
                TASK_FAILURES.labels(self.name).inc()
                log.error("background task failed", task=self.name, failures=failures, exc_info=error)
            await self.pause(self._wait_s(failures))

    def _wait_s(self, failures: int) -> float:
        longest = max(self._interval_s, _MAX_BACKOFF_S)
        wait_s: float = min(self._interval_s * 2.0 ** min(failures, 16), longest)
        return wait_s * _jitter.uniform(0.9, 1.1)
