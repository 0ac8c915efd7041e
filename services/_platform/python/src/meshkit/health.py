"""Readiness: proven by checks, off until then and while draining."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from typing import Final

from meshkit.lifecycle import Background
from meshkit.logging import get_logger

Check = Callable[[], Awaitable[None]]
_CHECK_LIMIT_S: Final = 2.0
_PERIOD_READY_S: Final = 1.0
_PERIOD_NOT_READY_S: Final = 0.1
_LONGEST_NOT_READY_S: Final = 0.5
_GROWTH: Final = 1.5
log = get_logger()


class Readiness(Background):
    """Runs the checks in turns and tells `publish` whenever the answer changes."""

    def __init__(self, checks: Mapping[str, Check], publish: Callable[[bool], Awaitable[None]]) -> None:
        super().__init__("readiness")
        self._checks = checks
        self._publish = publish
        self._draining = False
        self.ready = False
        self.reasons: dict[str, str] = {"start": "not checked yet"}
        self.first_result = asyncio.Event()

    async def run(self) -> None:
        """Checks for ever: every second when ready; when not, ten times a second at first and then twice.

        A database that recovers forks for each of those who ask whether it has: many who ask often keep it from it.
        """
        wait_s = _PERIOD_NOT_READY_S
        while not self.stopping:
            await self.refresh()
            await self.pause(_PERIOD_READY_S if self.ready else wait_s)
            wait_s = _PERIOD_NOT_READY_S if self.ready else min(wait_s * _GROWTH, _LONGEST_NOT_READY_S)

    async def refresh(self) -> None:
        """Runs every check once, all together, and publishes a change."""
        names = list(self._checks)
        results = await asyncio.gather(*(self._run_check(self._checks[name]) for name in names))
        self.reasons = {name: reason for name, reason in zip(names, results, strict=True) if reason}
        await self._set(not self.reasons)
        self.first_result.set()

    async def drain(self) -> None:
        """Off for good: the process is about to stop."""
        self._draining = True
        await self._set(False)
        self.reasons = {"drain": "the process is stopping"}

    async def _run_check(self, check: Check) -> str:
        try:
            async with asyncio.timeout(_CHECK_LIMIT_S):
                await check()
        except TimeoutError:
            return f"no answer within {_CHECK_LIMIT_S:g} s"
        except Exception as error:  # noqa: BLE001 - whatever is wrong is the reason for not being ready
            return f"{type(error).__name__}: {error}"
        return ""

    async def _set(self, ready: bool) -> None:
        wanted = ready and not self._draining
        if wanted == self.ready:
            return
        self.ready = wanted
        if not wanted and not self._draining:
            log.warning("not ready", reasons=self.reasons)
        await self._publish(wanted)
