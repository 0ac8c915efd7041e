"""More than the mesh can do: a fixed rate of requests whatever it answers, and how much of it is still done."""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass

REFUSALS = frozenset({429, 503})
"""Answers of a mesh that protects itself: nothing was done, come again later."""
Act = Callable[[], Awaitable[tuple[int, bool]]]
"""One request: its HTTP status (0: no answer), and whether what was wanted is done."""


@dataclass(frozen=True, slots=True)
class Overload:
    """The outcome of a load at a fixed rate."""

    rate: float
    seconds: float
    statuses: Counter[int]
    done_ms: list[float]
    """Sorted latencies of the requests whose work was done."""
    accepted_ms: list[float]
    """Sorted latencies of the requests that were not refused: done, or promised to be (any 2xx)."""

    @property
    def goodput(self) -> float:
        """Requests done each second."""
        return len(self.done_ms) / self.seconds

    @property
    def p99_ms(self) -> float:
        """Of the requests done; 0 without any."""
        return _p99(self.done_ms)

    @property
    def accepted_p99_ms(self) -> float:
        """Of the requests accepted; 0 without any."""
        return _p99(self.accepted_ms)

    @property
    def failed(self) -> int:
        """Requests that were neither done nor refused nor promised: what overload must not do to anyone."""
        told = sum(
            count for status, count in self.statuses.items() if status in REFUSALS or 200 <= status < 300
        )
        return sum(self.statuses.values()) - told

    def as_json(self) -> dict[str, object]:
        """For `--json`."""
        return {
            "rate": round(self.rate, 1),
            "seconds": round(self.seconds, 2),
            "statuses": {str(status): count for status, count in sorted(self.statuses.items())},
            "goodput": round(self.goodput, 1),
            "failed": self.failed,
            "p99_ms": round(self.p99_ms, 1),
            "accepted_p99_ms": round(self.accepted_p99_ms, 1),
        }


def _p99(sorted_ms: Sequence[float]) -> float:
    return sorted_ms[int(len(sorted_ms) * 0.99)] if sorted_ms else 0.0


async def run_open(act: Act, rate: float, seconds: float) -> Overload:
    """Begins `rate` requests a second for `seconds`, and waits for all of them."""
    statuses: Counter[int] = Counter()
    done_ms: list[float] = []
    accepted_ms: list[float] = []
    started = time.perf_counter()

    async def one() -> None:
        begun = time.perf_counter()
        status, done = await act()
        statuses[status] += 1
        took_ms = (time.perf_counter() - begun) * 1000
        if done:
            done_ms.append(took_ms)
        if 200 <= status < 300:
            accepted_ms.append(took_ms)

    async with asyncio.TaskGroup() as group:
        for number in range(int(rate * seconds)):
            await asyncio.sleep(max(started + number / rate - time.perf_counter(), 0))
            group.create_task(one())
    return Overload(rate, time.perf_counter() - started, statuses, sorted(done_ms), sorted(accepted_ms))
