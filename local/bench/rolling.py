"""A rolling restart of a mesh with two replicas of everything, under load: what is lost, and what reads cost meanwhile."""

from __future__ import annotations

import asyncio
import itertools
import random
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from local.chaos.client import BROWSING, Client
from local.chaos.load import Load
from local.chaos.records import Records, Request, Try

LEAST_REQUESTS: Final = 5_000
ORDERS_PER_S: Final = 3.0
READS_PER_S: Final = 40.0
WARM_S: Final = 15.0
"""The load goes so long before anything is measured: the first requests of a fresh mesh are slow, and no yardstick."""
QUIET_S: Final = 20.0
REST_S: Final = 5.0
P99_SHARE: Final = 2.0
"""The P99 of reads during the restart is to stay within so many times the quiet one."""
# What a client may repeat with the same key: no answer, "not now", "not here".
_RETRYABLE: Final = frozenset({0, 429, 502, 503, 504})


@dataclass(frozen=True, slots=True)
class Rolled:
    """What clients saw. Times in ms or seconds, as their names say."""

    records: Records
    restart_s: float
    quiet_p99_ms: float
    rolling_p99_ms: float

    @property
    def failed(self) -> list[Request]:
        """Requests that were not served, repeats included."""
        return [request for request in self.records.requests if not request.served]

    @property
    def not_retryable(self) -> Counter[tuple[int, str]]:
        """Answers that no repetition would mend, by status and code."""
        tries = [tried for request in self.records.requests for tried in request.tries]
        return Counter((tried.status, tried.code) for tried in tries if not _mendable(tried))

    @property
    def repeated(self) -> int:
        """Requests that took more than one try."""
        return sum(len(request.tries) > 1 for request in self.records.requests)

    def as_json(self) -> dict[str, Any]:
        """For `--json`."""
        return {
            "requests": len(self.records.requests),
            "failed": len(self.failed),
            "not_retryable": sum(self.not_retryable.values()),
            "repeated": self.repeated,
            "odd_answers": list(self.records.odd),
            "restart_s": round(self.restart_s, 1),
            "quiet_p99_ms": round(self.quiet_p99_ms, 2),
            "rolling_p99_ms": round(self.rolling_p99_ms, 2),
        }


def gateways(status: Mapping[str, Any]) -> list[str]:
    """Base URLs of every replica of the gateway, from `status --json`."""
    return [f"http://{row['addresses']['http']}" for row in status["processes"] if row["group"] == "gateway"]


async def roll_under_load(
    edges: Sequence[str], staff: tuple[str, str], restart: Callable[[], object]
) -> Rolled:
    """Loads the mesh behind `edges`, warm and quiet at first, then while `restart` (which blocks) restarts all of it.

    At least LEAST_REQUESTS requests are made; they go on after the restart until there are so many.
    """
    records = Records()
    client = Client(edges, records, random.Random(1))  # noqa: S311 - pauses, no secret
    load = Load(client, records, ORDERS_PER_S, seed=1)
    await load.prepare(staff)
    client.restart_clock()
    load.start()
    ending = asyncio.Event()
    reading = asyncio.create_task(_read_on(client, load.products, ending))
    await asyncio.sleep(WARM_S)
    warm_s = client.now_s()
    await asyncio.sleep(QUIET_S)
    began_s = client.now_s()
    await asyncio.to_thread(restart)
    ended_s = client.now_s()
    missing = LEAST_REQUESTS - len(records.requests)
    await asyncio.sleep(max(missing / READS_PER_S, 0) + REST_S)
    ending.set()
    await reading
    await load.stop(deadline_s=60)
    await client.close()
    quiet_ms, rolling_ms = _p99_ms(records, warm_s, began_s), _p99_ms(records, began_s, ended_s)
    return Rolled(records, ended_s - began_s, quiet_ms, rolling_ms)


async def _read_on(client: Client, products: Sequence[str], ending: asyncio.Event) -> None:
    """Reads one product after the other at a steady rate, whatever becomes of the earlier ones."""
    async with asyncio.TaskGroup() as group:
        for product in itertools.cycle(products):
            if ending.is_set():
                return
            group.create_task(client.send("browse", "GET", f"/v1/products/{product}", patience=BROWSING))
            await asyncio.sleep(1 / READS_PER_S)


def _mendable(tried: Try) -> bool:
    return tried.served or tried.under_way or tried.status in _RETRYABLE or tried.status == 401


def _p99_ms(records: Records, since_s: float, until_s: float) -> float:
    took = sorted(
        request.ended_s - request.began_s
        for request in records.requests
        if request.what == "browse" and since_s <= request.began_s < until_s
    )
    return took[int(len(took) * 0.99)] * 1000
