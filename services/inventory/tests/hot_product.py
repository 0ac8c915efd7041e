"""`python -m services.inventory.tests.hot_product`: reservations of one product, each alone and together, side by side.

On a PostgreSQL of its own, with the pool of the service's default; rates of the same minutes, so that a noisy machine
is noisy for both.
"""

from __future__ import annotations

import asyncio
import sys
import time
from collections.abc import Awaitable, Callable
from datetime import timedelta
from pathlib import Path
from typing import Final

from inventory.adapters.postgres import PostgresWarehouse
from inventory.adapters.reserving import Reserving
from inventory.app import keep_stock
from inventory.app.reserve import reserve
from inventory.app.reserve_together import Ask
from meshkit.clock import SystemClock, uuid7
from meshkit.postgres import Database
from meshkit.testing import postgres, session

SERVICE: Final = Path(__file__).parent.parent
AT_ONCE: Final = 32
SECONDS: Final = 5.0
ROUNDS: Final = 3
POOL: Final = 8
TTL: Final = timedelta(minutes=15)
One = Callable[[str], Awaitable[object]]


async def rate(one: One, product: str) -> float:
    """Reservations per second of `AT_ONCE` callers."""
    done = 0
    until = time.perf_counter() + SECONDS

    async def work() -> None:
        nonlocal done
        while time.perf_counter() < until:
            await one(product)
            done += 1

    began = time.perf_counter()
    await asyncio.gather(*(work() for _ in range(AT_ONCE)))
    return done / (time.perf_counter() - began)


async def main() -> None:
    """Alone, together, alone, together, …"""
    server, clock = postgres.start(), SystemClock()
    dsn = server.create(SERVICE / "migrations")
    database = Database(dsn, POOL, generic_plans=True)
    await database.start()
    warehouse = PostgresWarehouse(database)
    reserving = Reserving(warehouse, clock)

    async def alone(product: str) -> object:
        async with warehouse.transaction() as stock:
            return await reserve(stock, uuid7(), {product: 1}, ttl=TTL, now=clock.now())

    async def together(product: str) -> object:
        return await reserving.reserve(Ask(uuid7(), ((product, 1),), TTL))

    for number in range(ROUNDS):
        rates = []
        for one in (alone, together):
            product = uuid7()
            async with warehouse.transaction() as stock:
                await keep_stock.import_stock(stock, {product: 10_000_000}, now=clock.now())
            rates.append(await rate(one, product))
        words = f"alone {rates[0]:,.0f}/s, together {rates[1]:,.0f}/s, {rates[1] / rates[0]:.1f} times"
        sys.stdout.write(f"round {number + 1}: {words}\n")
    await database.stop(1)
    server.drop(dsn)


if __name__ == "__main__":
    session.begin()
    try:
        asyncio.run(main())
    finally:
        session.end()
