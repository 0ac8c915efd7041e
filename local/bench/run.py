"""The whole bench: a mesh of its own, started warm, loaded, measured and wiped."""

from __future__ import annotations

import asyncio
import json
import os
import platform
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psutil

from local.bench.hedging import hedging
from local.bench.hot import reservations
from local.bench.rolling import gateways, roll_under_load
from local.bench.shop import Bench
from local.errors import LocalError
from local.other_copy import banyan

STAFF = ("staff@banyan.test", "staff of the bench mesh")
SETTLE_S = 5.0
"""After a start, until memory and processor are at rest."""
OVERLOAD = 3
"""How many times its peak rate the mesh gets in the last load."""
Says = Callable[[str], None]


def run_bench(port_base: int, seconds: float, says: Says) -> dict[str, Any]:
    """Every figure of the bench as one document. `seconds` bounds each load."""
    with tempfile.TemporaryDirectory(prefix="banyan-bench-", ignore_cleanup_errors=True) as folder:
        home = Path(folder)
        home.chmod(0o755)  # PostgreSQL's own account walks through it
        says("a first start, to build, migrate and seed")
        with _mesh(home, port_base):
            pass
        says("a warm start, up to the first confirmed order")
        began = time.monotonic()
        with _mesh(home, port_base) as status:
            up_s = time.monotonic() - began
            figures = asyncio.run(_measure(Bench(status, STAFF), began, seconds, says))
            return {"machine": machine(), "warm_up_s": round(up_s, 1), **figures}


async def _measure(bench: Bench, began: float, seconds: float, says: Says) -> dict[str, Any]:
    product = await bench.new_product(stock=1_000_000)
    first = await bench.place_orders(product, 1, 1, 30)
    first_order_s = time.monotonic() - began
    if first.errors:
        raise LocalError("the first order was not confirmed: see `./banyan logs order payment inventory`")
    await asyncio.sleep(SETTLE_S)
    memory = bench.processes.memory()
    figures: dict[str, Any] = {
        "first_order_s": round(first_order_s, 1),
        "memory_mb": {name: [_mb(rss), _mb(pss)] for name, (rss, pss) in memory.items()},
        "memory_total_mb": _mb(sum(pss for _, pss in memory.values())),
        "memory_total_rss_mb": _mb(sum(rss for rss, _ in memory.values())),
    }
    says("product reads, 32 at once")
    await bench.product_reads(32, 10_000, seconds)  # warms caches and prepared statements
    figures["product_reads_32"] = (await bench.product_reads(32, 1_000_000, seconds)).as_json()
    says("orders, one at a time")
    await bench.place_orders(product, 4, 100, seconds)
    figures["orders_1"] = (await bench.place_orders(product, 1, 10_000, seconds)).as_json()
    says("orders, 16 at once")
    peak = await bench.place_orders(product, 16, 100_000, seconds)
    figures["orders_16"] = peak.as_json()
    says("logins, 4 at once")
    figures["logins_4"] = (await bench.logins(4, 100_000, seconds)).as_json()
    says("reservations of one product and of eight, 32 at once")
    for name, count in (("reserve_hot_32", 1), ("reserve_spread_32", 8)):
        wanted = [await bench.new_product(stock=1_000_000) for _ in range(count)]
        load = await reservations(bench.inventory, wanted, 32, seconds, bench.processes)
        figures[name] = load.as_json()
    says("three times as many orders as that")
    overload = await bench.too_many_orders(product, OVERLOAD * peak.per_second, seconds)
    figures["orders_overload"] = overload.as_json() | {"share": overload.goodput / peak.per_second}
    await asyncio.sleep(SETTLE_S)
    figures["books_out_of_balance"] = await bench.books_balance(product)
    return figures


def run_rolling(port_base: int, says: Says) -> dict[str, Any]:
    """A rolling restart under load of two replicas of everything, as one document."""
    with tempfile.TemporaryDirectory(prefix="banyan-bench-", ignore_cleanup_errors=True) as folder:
        home = Path(folder)
        home.chmod(0o755)  # PostgreSQL's own account walks through it
        says("a start with two replicas of everything")
        with _mesh(home, port_base, "--replicas", "all=2") as status:

            def restart() -> None:
                says("every service restarts, one replica after the other")
                banyan(home, STAFF, "restart", "--rolling")

            says("orders and reads, quiet at first")
            rolled = asyncio.run(roll_under_load(gateways(status), STAFF, restart))
            return {"machine": machine(), **rolled.as_json()}


def run_hedging(port_base: int, seconds: float, says: Says) -> dict[str, Any]:
    """Product reads at two replicas, plain and hedged, as one document. `seconds` is how long each of six loads lasts."""
    with tempfile.TemporaryDirectory(prefix="banyan-bench-", ignore_cleanup_errors=True) as folder:
        home = Path(folder)
        home.chmod(0o755)  # PostgreSQL's own account walks through it
        says("a start with two replicas of product")
        with _mesh(home, port_base, "--replicas", "product=2") as status:
            says(
                "reads, plain and hedged: steady, with one replica that pauses, and as fast as they are answered"
            )
            return {"machine": machine(), **asyncio.run(hedging(status, seconds))}


def _mb(size: int) -> int:
    return round(size / 2**20)


def machine() -> str:
    """Cores, memory and system, for whoever reads the figures."""
    memory_gb = psutil.virtual_memory().total / 2**30
    return f"{os.cpu_count()} cores, {memory_gb:.0f} GB, {platform.system()} {platform.machine()}"


@contextmanager
def _mesh(home: Path, port_base: int, *options: str) -> Iterator[Mapping[str, Any]]:
    try:
        banyan(home, STAFF, "up", "--detach", "--port-base", str(port_base), *options)
        yield json.loads(banyan(home, STAFF, "status", "--json"))
    finally:
        banyan(home, STAFF, "down")
