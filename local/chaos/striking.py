"""Carries a plan out: each fault at its time, injected, held, undone, and written down as it really was."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from typing import Final

from local.chaos.kinds import Strike
from local.chaos.mesh import Fault
from local.chaos.plan import AT_ONCE, calm_s
from local.chaos.records import Records, Struck
from local.errors import LocalError

LATEST_S: Final = 150.0
"""A fault that is not done and undone by then has failed."""
Tell = Callable[[str], None]


class Striker:
    """Strikes one mesh. What is late moves all that follows, so that the plan's distances hold."""

    def __init__(
        self, fault_for: Callable[[Strike], Fault], records: Records, now_s: Callable[[], float], tell: Tell
    ) -> None:
        self._fault_for = fault_for
        self._records = records
        self._now_s = now_s
        self._tell = tell
        self._active: dict[asyncio.Task[None], Strike] = {}

    async def carry_out(self, strikes: Sequence[Strike], end_s: float) -> None:
        """All strikes that begin before `end_s`; returns when the last is undone."""
        late_s = 0.0
        for strike in strikes:
            await asyncio.sleep(max(strike.at_s + late_s - self._now_s(), 0))
            await self._room_for(strike)
            late_s = max(late_s, self._now_s() - strike.at_s)
            if self._now_s() > end_s:
                break
            task = asyncio.create_task(self._strike(strike), name=f"strike {strike.number}")
            self._active[task] = strike
            if strike.alone:
                await task
                del self._active[task]
                late_s = max(late_s, self._now_s() - strike.at_s - strike.lasts_s)
                await asyncio.sleep(calm_s(strike.target))
        await self._wait_while(lambda: bool(self._active))

    async def _room_for(self, strike: Strike) -> None:
        """Waits until what really still goes on leaves room, as the plan meant it."""

        def crowded() -> bool:
            if strike.alone:
                return bool(self._active)
            touched = any(each.touches & strike.touches for each in self._active.values())
            return touched or len(self._active) >= AT_ONCE

        await self._wait_while(crowded)

    async def _wait_while(self, condition: Callable[[], bool]) -> None:
        while condition():
            done, _ = await asyncio.wait(self._active, return_when=asyncio.FIRST_COMPLETED)
            for task in done:
                del self._active[task]
                task.result()

    async def _strike(self, strike: Strike) -> None:
        fault = self._fault_for(strike)
        self._tell(f"{strike.number:>3}  {strike.kind} {strike.target} {strike.amount}".rstrip())
        struck = Struck(strike, self._now_s(), 0.0)
        self._records.struck.append(struck)
        try:
            async with asyncio.timeout(LATEST_S):
                try:
                    await fault.inject()
                    if (
                        strike.lasts_s == 0.0
                    ):  # the moment itself, without the time it took to find the process
                        struck.began_s = self._now_s()
                    await asyncio.sleep(strike.lasts_s)
                finally:
                    await fault.undo()
        except (LocalError, TimeoutError) as error:
            struck.trouble = str(error) or f"took longer than {LATEST_S:g} s"
            self._tell(f"{strike.number:>3}  {strike.kind} {strike.target}: {struck.trouble}")
        struck.ended_s = self._now_s()
