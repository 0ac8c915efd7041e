"""What a load costs: rates, percentiles, and the processor time of each process meanwhile."""

from __future__ import annotations

import asyncio
import re
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import psutil

from loadtests.observer.scrape import scrape, together
from local.loads.places import metrics_of

HELD: Final = "db_pool_use_seconds_sum"
GENERATOR: Final = "load generator"
CONNECTION: Final = re.compile(r"postgres: \S+ (\S+) [\d.:a-f]+\(\d+\)")
"""A server process of PostgreSQL that serves a client: user, database, address."""


@dataclass(frozen=True, slots=True)
class Load:
    """The outcome of one load."""

    requests: int
    errors: int
    seconds: float
    latencies_ms: Sequence[float]
    """Sorted, of the requests that went well."""
    cpu_us: Mapping[str, float]
    """Processor time for each request by process, in microseconds."""
    held_us: Mapping[str, float]
    """How long database connections were held for each request by service, in microseconds."""

    @property
    def per_second(self) -> float:
        """Requests that went well each second."""
        return len(self.latencies_ms) / self.seconds

    def percentile_ms(self, share: float) -> float:
        """The latency that `share` (0 to 1) of the requests do not exceed; 0 without any."""
        if not self.latencies_ms:
            return 0.0
        return self.latencies_ms[min(int(len(self.latencies_ms) * share), len(self.latencies_ms) - 1)]

    def as_json(self) -> dict[str, object]:
        """For `--json`."""
        return {
            "requests": self.requests,
            "errors": self.errors,
            "seconds": round(self.seconds, 3),
            "per_second": round(self.per_second, 1),
            **{f"p{share}_ms": round(self.percentile_ms(share / 100), 2) for share in (50, 90, 99)},
            "cpu_us_per_request": {name: round(value) for name, value in self.cpu_us.items()},
            "held_us_per_request": {name: round(value) for name, value in self.held_us.items()},
        }


Step = Callable[[int], Awaitable[bool]]
"""One request of worker number N; whether it went well."""


async def run_load(steps: Sequence[Step], total: int, seconds: float, processes: Processes) -> Load:
    """Each step is one worker, which repeats it; all together stop after `total` requests or `seconds`."""
    latencies: list[float] = []
    begun = errors = 0
    until = time.perf_counter() + seconds

    async def work(number: int, step: Step) -> None:
        nonlocal begun, errors
        while begun < total and time.perf_counter() < until:
            begun += 1
            start = time.perf_counter()
            if await step(number):
                latencies.append((time.perf_counter() - start) * 1000)
            else:
                errors += 1

    held_before = await asyncio.to_thread(processes.held_seconds)
    before, start = processes.cpu_seconds(), time.perf_counter()
    await asyncio.gather(*(work(number, step) for number, step in enumerate(steps)))
    took = time.perf_counter() - start
    spent = {name: value - before.get(name, 0.0) for name, value in processes.cpu_seconds().items()}
    held_after = await asyncio.to_thread(processes.held_seconds)
    held = {name: value - held_before.get(name, 0.0) for name, value in held_after.items()}
    each = 1e6 / max(begun, 1)
    return Load(
        begun,
        errors,
        took,
        sorted(latencies),
        {name: value * each for name, value in spent.items()},
        {name: value * each for name, value in held.items()},
    )


class Processes:
    """The mesh's processes by name, as `status --json` lists them, and the load's own."""

    def __init__(self, status: Mapping[str, object]) -> None:
        rows: Sequence[Mapping[str, object]] = status["processes"]  # type: ignore[assignment]
        self._pids: dict[str, Sequence[int]] = {str(row["name"]): list(row["pids"]) for row in rows}  # type: ignore[call-overload]
        self._pids[GENERATOR] = [psutil.Process().pid]
        self._metrics = metrics_of(status)

    def cpu_seconds(self) -> dict[str, float]:
        """Processor time so far by name, and as `postgres/order` of one database's connections.

        A process that ended since counts no more; one that was begun since, as PostgreSQL does for each connection, counts.
        """
        found: dict[str, float] = {}
        for name, pids in self._pids.items():
            for each in [psutil.Process()] if name == GENERATOR else _with_children(pids):
                seconds = _cpu_s(each)
                found[name] = found.get(name, 0.0) + seconds
                if database := _database(each):
                    found[f"{name}/{database}"] = found.get(f"{name}/{database}", 0.0) + seconds
        return found

    def held_seconds(self) -> dict[str, float]:
        """How long database connections were held so far, by the services that tell."""
        found: dict[str, float] = {}
        for name, urls in self._metrics.items():
            told = together([scrape(url, 0.0) for url in urls], 0.0)
            if HELD in told.values:
                found[name] = told.values[HELD]
        return found

    def memory(self) -> dict[str, tuple[int, int]]:
        """Bytes by name: resident, and proportional (pages that processes share are counted once over all)."""
        found = {}
        for name, pids in self._pids.items():
            if name != GENERATOR:
                pairs = [_memory(pid) for pid in pids]
                found[name] = (sum(rss for rss, _ in pairs), sum(pss for _, pss in pairs))
        return found


def _with_children(pids: Sequence[int]) -> list[psutil.Process]:
    found: dict[int, psutil.Process] = {}
    for pid in pids:
        try:
            process = psutil.Process(pid)
            found |= {each.pid: each for each in (process, *process.children(recursive=True))}
        except psutil.NoSuchProcess:
            continue
    return list(found.values())


def _cpu_s(process: psutil.Process) -> float:
    try:
        times = process.cpu_times()
    except psutil.NoSuchProcess:
        return 0.0
    return float(times.user + times.system)


def _database(process: psutil.Process) -> str:
    """Whose connection a PostgreSQL process serves, by the title that it gives itself; else nothing."""
    try:
        found = CONNECTION.match(" ".join(process.cmdline()))
    except psutil.NoSuchProcess:
        return ""
    return found[1] if found else ""


def _memory(pid: int) -> tuple[int, int]:
    try:
        process = psutil.Process(pid)
        rss = int(process.memory_info().rss)
    except psutil.NoSuchProcess:
        return 0, 0
    try:
        return rss, int(process.memory_full_info().pss)
    except (psutil.AccessDenied, AttributeError):
        return rss, rss  # another user's process: the larger figure is the honest one
