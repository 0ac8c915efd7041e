"""Would hedged product reads pay? The same reads at two replicas, plain and hedged, side by side.

Hedged: a read that has no answer after the P95 of plain ones is asked again, and the first answer counts (Dean and
Barroso, The Tail at Scale, 2013). At most one in twenty is, or a busy shop would be asked twice for everything. Balanced
by the client of the services themselves.
"""

from __future__ import annotations

import asyncio
import itertools
import os
import signal
import time
from collections.abc import Awaitable, Callable, Coroutine, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Final

from banyan.product.v1 import product_service_pb2 as pb
from local.bench.client import Connection
from local.bench.measure import Processes
from meshkit import logging
from meshkit.rpc.balancer import Balancer
from meshkit.rpc.client import CallFailed, RpcClient
from meshkit.rpc.resolving import Resolver

GET: Final = "/banyan.product.v1.ProductService/GetProduct"
CALL_S: Final = 2.0
RATE: Final = 400
"""Reads a second: few enough that nobody waits for a processor."""
CROWD: Final = 32
LATE_MS: Final = 10.0
"""Much later than a read is on an idle machine, much earlier than any pause that a person would notice."""
MOST_HEDGED: Final = 0.05
"""The share of reads that may be asked again, over a load."""
PAUSE_S: Final = 0.1
PAUSES_EVERY_S: Final = 1.0
One = Callable[[], Coroutine[Any, Any, None]]


@dataclass(slots=True)
class Reads:
    """One load: latencies in ms, and what it cost."""

    took_ms: list[float]
    failed: int
    seconds: float
    hedged: int
    cpu_us: float
    """Processor time of both replicas for each read that was wanted, in microseconds."""

    def at(self, share: float) -> float:
        """The latency in ms that `share` (0 to 1) of the reads do not exceed."""
        return self.took_ms[min(int(len(self.took_ms) * share), len(self.took_ms) - 1)]

    def as_json(self) -> dict[str, float]:
        """For `--json`."""
        return {
            "reads": len(self.took_ms),
            "per_second": round(len(self.took_ms) / self.seconds, 1),
            "failed": self.failed,
            "asked_again": self.hedged,
            **{f"p{share:g}_ms": round(self.at(share / 100), 2) for share in (50, 95, 99, 99.9)},
            "product_cpu_us_per_read": round(self.cpu_us),
        }


class Reader:
    """Reads at the replicas of product. `after_s`: when to ask again; None never does."""

    def __init__(self, client: RpcClient, products: Sequence[str]) -> None:
        self._client = client
        self._requests = [pb.GetProductRequest(product_id=each).SerializeToString() for each in products]
        self._turns = itertools.count()
        self.after_s: float | None = None
        self.asked = self.hedged = 0

    def again(self, after_s: float | None) -> None:
        """A new load begins; its reads are asked again after so long, or never."""
        self.after_s, self.asked, self.hedged = after_s, 0, 0

    async def read(self) -> bool:
        """One read; whether it was answered."""
        payload = self._requests[next(self._turns) % len(self._requests)]
        self.asked += 1
        if self.after_s is None:
            return await self._ask(payload)
        return await self._ask_twice(payload, self.after_s)

    async def _ask(self, payload: bytes) -> bool:
        try:
            await self._client.unary(GET, payload, (), CALL_S, None)
        except CallFailed:
            return False
        return True

    async def _ask_twice(self, payload: bytes, after_s: float) -> bool:
        tasks = {asyncio.create_task(self._ask(payload))}
        done, waiting = await asyncio.wait(tasks, timeout=after_s)
        if waiting:
            if self.hedged < MOST_HEDGED * self.asked:
                self.hedged += 1
                waiting.add(asyncio.create_task(self._ask(payload)))
            done, waiting = await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
            for task in waiting:
                task.cancel()
            await asyncio.gather(*waiting, return_exceptions=True)
        return any(task.result() for task in done)


async def hedging(status: Mapping[str, Any], seconds: float) -> dict[str, Any]:
    """Every scenario plain and hedged; `status` is of a mesh with two replicas of product."""
    # The client's own log is no output of a bench.
    logging.configure("bench", "warning")
    rows = [row for row in status["processes"] if row["group"] == "product"]
    addresses = [row["addresses"]["grpc"] for row in rows]
    connection = await Connection.open(str(status["base_url"]).removeprefix("http://"))
    page = await connection.json("GET", "/v1/products?page_size=100")
    connection.close()
    client = RpcClient(Balancer("product", Resolver("ipv4:" + ",".join(addresses)), None), None, lambda: None)
    reader = Reader(client, [each["productId"] for each in page["products"]])
    bench = _Bench(reader, Processes(status), [row["name"] for row in rows], seconds)
    try:
        await bench.steady()  # connections and caches
        steady = await bench.each_way(bench.steady)
        async with _Pauses(rows[-1]["pids"]):
            pausing = await bench.each_way(bench.steady)
        crowd = await bench.each_way(bench.crowd)
    finally:
        await client.stop(0)
    return {"p95_ms": bench.after_ms, "steady": steady, "pausing": pausing, "crowd": crowd}


class _Bench:
    def __init__(self, reader: Reader, processes: Processes, names: Sequence[str], seconds: float) -> None:
        self._reader = reader
        self._processes = processes
        self._names = names
        self._seconds = seconds
        self.after_ms = 0.0

    async def each_way(self, load: Callable[[], Awaitable[Reads]]) -> dict[str, dict[str, float]]:
        self._reader.again(None)
        plain = await load()
        self.after_ms = self.after_ms or round(plain.at(0.95), 2)
        found = {"plain": plain.as_json()}
        for name, after_ms in (("after P95", self.after_ms), (f"after {LATE_MS:g} ms", LATE_MS)):
            self._reader.again(after_ms / 1000)
            found[name] = (await load()).as_json()
        return found

    async def steady(self) -> Reads:
        """RATE reads a second, whatever becomes of the earlier ones."""

        async def drive(one: One, began: float) -> None:
            async with asyncio.TaskGroup() as group:
                for number in range(int(RATE * self._seconds)):
                    await asyncio.sleep(max(began + number / RATE - time.perf_counter(), 0))
                    group.create_task(one())

        return await self._measured(drive)

    async def crowd(self) -> Reads:
        """CROWD readers, each as fast as it is answered."""

        async def drive(one: One, began: float) -> None:
            async def reader() -> None:
                while time.perf_counter() < began + self._seconds:
                    await one()

            await asyncio.gather(*(reader() for _ in range(CROWD)))

        return await self._measured(drive)

    async def _measured(self, drive: Callable[[One, float], Awaitable[None]]) -> Reads:
        took_ms: list[float] = []
        failed = 0

        async def one() -> None:
            nonlocal failed
            begun = time.perf_counter()
            if await self._reader.read():
                took_ms.append((time.perf_counter() - begun) * 1000)
            else:
                failed += 1

        cpu_s, began = self._cpu_s(), time.perf_counter()
        await drive(one, began)
        seconds = time.perf_counter() - began
        each_us = (self._cpu_s() - cpu_s) * 1e6 / (len(took_ms) + failed)
        return Reads(sorted(took_ms), failed, seconds, self._reader.hedged, each_us)

    def _cpu_s(self) -> float:
        spent = self._processes.cpu_seconds()
        return sum(spent[name] for name in self._names)


class _Pauses:
    """Stops a process for PAUSE_S every PAUSES_EVERY_S: a collector, a throttled pod, a neighbour."""

    def __init__(self, pids: Sequence[int]) -> None:
        self._pids = pids

    async def __aenter__(self) -> None:
        self._task = asyncio.create_task(self._go_on())

    async def __aexit__(self, *_: object) -> None:
        self._task.cancel()
        with suppress(asyncio.CancelledError):
            await self._task

    async def _go_on(self) -> None:
        while True:
            await asyncio.sleep(PAUSES_EVERY_S - PAUSE_S)
            try:
                self._signal(signal.SIGSTOP)
                await asyncio.sleep(PAUSE_S)
            finally:
                self._signal(signal.SIGCONT)

    def _signal(self, number: signal.Signals) -> None:
        for pid in self._pids:
            os.kill(pid, number)
