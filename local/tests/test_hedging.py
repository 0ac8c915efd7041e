"""Reads that are asked again: when, how often, and whose answer counts."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any

from local.bench.hedging import MOST_HEDGED, Reader
from meshkit.rpc import wiring
from meshkit.rpc.client import CallFailed
from meshkit.rpc.outgoing import Ended

UNAVAILABLE = CallFailed(Ended(wiring.UNAVAILABLE, "away", sent=True))


class Upstream:
    """Each call takes the next of `script`: True answers at once, False never, an exception is raised."""

    def __init__(self, *script: bool | CallFailed) -> None:
        self._script = list(script)
        self.calls = self.cancelled = 0

    async def unary(self, *_: Any) -> tuple[bytes, Mapping[str, str]]:
        self.calls += 1
        step = self._script.pop(0) if len(self._script) > 1 else self._script[0]
        if isinstance(step, CallFailed):
            raise step
        if not step:
            try:
                await asyncio.Event().wait()
            except asyncio.CancelledError:
                self.cancelled += 1
                raise
        return b"", {}


def reader(upstream: Upstream, after_s: float | None) -> Reader:
    made = Reader(upstream, ["p"])  # type: ignore[arg-type]
    made.again(after_s)
    return made


async def test_a_plain_read_is_asked_once() -> None:
    upstream = Upstream(True)
    assert await reader(upstream, None).read()
    assert upstream.calls == 1


async def test_a_late_read_is_asked_again_and_the_first_call_given_up() -> None:
    upstream = Upstream(False, True)
    reading = reader(upstream, 0.001)
    assert await reading.read()
    assert (upstream.calls, upstream.cancelled, reading.hedged) == (2, 1, 1)


async def test_a_read_in_time_is_not_asked_again() -> None:
    upstream = Upstream(True)
    reading = reader(upstream, 5.0)
    assert await reading.read()
    assert (upstream.calls, reading.hedged) == (1, 0)


async def test_no_more_than_the_share_is_asked_again() -> None:
    reading = reader(Upstream(False, True), 0.001)
    assert await reading.read()
    late = Upstream(False)
    reading._client = late  # type: ignore[assignment]
    waiting = [asyncio.create_task(reading.read()) for _ in range(int(1 / MOST_HEDGED) - 1)]
    await asyncio.sleep(0.05)
    assert (late.calls, reading.hedged) == (len(waiting), 1)
    for task in waiting:
        task.cancel()
    await asyncio.gather(*waiting, return_exceptions=True)


async def test_a_read_that_failed_is_told() -> None:
    assert not await reader(Upstream(UNAVAILABLE), None).read()
    assert not await reader(Upstream(UNAVAILABLE), 0.5).read()
