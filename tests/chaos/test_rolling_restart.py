"""Every replica of every service restarted under load, one after the other: nobody in the shop notices."""

from __future__ import annotations

import asyncio
import itertools
import random
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from typing import Final

import pytest

from local.chaos.client import BROWSING, Client
from local.chaos.load import Load
from local.chaos.records import Records, Try
from tests.support.mesh import STAFF, RunningMesh, fresh_mesh

LEAST_REQUESTS: Final = 5_000
ORDERS_PER_S: Final = 3.0
READS_PER_S: Final = 40.0
QUIET_S: Final = 20.0
ROLL_DEADLINE_S: Final = 420.0
DEADLINE_S: Final = 1_500.0
# What a client may repeat with the same key: no answer, "not now", "not here".
RETRYABLE: Final = frozenset({0, 429, 502, 503, 504})


@pytest.fixture(scope="module")
def mesh() -> Iterator[RunningMesh]:
    """Two replicas of everything."""
    with fresh_mesh("--replicas", "all=2") as running:
        yield running


def gateways(mesh: RunningMesh) -> list[str]:
    rows = mesh.first_status["processes"]
    return [f"http://{row['addresses']['http']}" for row in rows if row["group"] == "gateway"]


def bad_tries(records: Records) -> Counter[tuple[int, str]]:
    """Answers that no repetition would mend, by status and code."""
    tries = [tried for request in records.requests for tried in request.tries]
    return Counter((tried.status, tried.code) for tried in tries if not _mendable(tried))


def _mendable(tried: Try) -> bool:
    return tried.served or tried.under_way or tried.status in RETRYABLE or tried.status == 401


def p99_ms(records: Records, since_s: float, until_s: float) -> float:
    took = sorted(
        request.ended_s - request.began_s
        for request in records.requests
        if request.what == "browse" and since_s <= request.began_s < until_s
    )
    return took[int(len(took) * 0.99)] * 1000


async def read_on(client: Client, products: Sequence[str], ending: asyncio.Event) -> None:
    """Reads one product after the other at a steady rate, whatever becomes of the earlier ones."""
    async with asyncio.TaskGroup() as group:
        for product in itertools.cycle(products):
            if ending.is_set():
                return
            group.create_task(client.send("browse", "GET", f"/v1/products/{product}", patience=BROWSING))
            await asyncio.sleep(1 / READS_PER_S)


async def roll_under_load(mesh: RunningMesh, records: Records) -> tuple[float, float]:
    """Loads the mesh, quiet at first, then while everything restarts; the P99 of reads in both, in ms."""
    client = Client(gateways(mesh), records, random.Random(1))
    load = Load(client, records, ORDERS_PER_S, seed=1)
    await load.prepare(STAFF)
    client.restart_clock()
    load.start()
    ending = asyncio.Event()
    reading = asyncio.create_task(read_on(client, load.products, ending))
    await asyncio.sleep(QUIET_S)
    began = client.now_s()
    await asyncio.to_thread(mesh.run, "restart", "--rolling", deadline_s=ROLL_DEADLINE_S)
    ended = client.now_s()
    missing = LEAST_REQUESTS - len(records.requests)
    await asyncio.sleep(max(missing / READS_PER_S, 0) + 5)
    ending.set()
    await reading
    await load.stop(deadline_s=60)
    await client.close()
    return p99_ms(records, 0, began), p99_ms(records, began, ended)


@pytest.mark.timeout(DEADLINE_S)
def test_a_rolling_restart_loses_no_request(
    mesh: RunningMesh, record_property: Callable[[str, object], None]
) -> None:
    records = Records()
    before = {row["name"]: row["pids"] for row in mesh.status()["processes"] if row["kind"] == "service"}
    quiet_ms, rolling_ms = asyncio.run(roll_under_load(mesh, records))
    after = {row["name"]: row["pids"] for row in mesh.status()["processes"] if row["kind"] == "service"}
    assert before.keys() == after.keys()
    assert [name for name in before if before[name] == after[name]] == []
    failed = [request for request in records.requests if not request.served]
    repeated = sum(len(request.tries) > 1 for request in records.requests)
    facts = {"quiet_p99_ms": quiet_ms, "rolling_p99_ms": rolling_ms, "repeated": repeated}
    for name, value in facts.items():
        record_property(name, value)
    assert len(records.requests) >= LEAST_REQUESTS
    assert (failed, bad_tries(records), records.odd) == ([], Counter(), []), facts
