"""Whatever many callers do to the same orders and products at the same moment, no unit appears, vanishes or counts twice."""

from __future__ import annotations

import asyncio
import random
import secrets
from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

import pytest

from inventory.adapters.postgres import PostgresWarehouse
from inventory.app import keep_stock, settle
from inventory.app.reserve import reserve
from inventory.app.sweep import sweep
from inventory.domain.errors import OutOfStock, ReservationEnded, ReservationExists, ReservationNotFound
from meshkit.clock import FakeClock, uuid7
from meshkit.postgres import Database

TTL: Final = timedelta(minutes=15)
CALLERS: Final = 8
CALLS: Final = 60
ORDERS: Final = 24
REFUSALS: Final = (OutOfStock, ReservationEnded, ReservationExists, ReservationNotFound)
LIVES: Final = {
    ("reserved",),
    ("reserved", "committed"),
    ("reserved", "released"),
    ("reserved", "expired"),
    ("reserved", "committed", "restocked"),
}
"""All that may ever happen to an order's units of a product."""

_BALANCES: Final = """
SELECT s.product_id::text, s.received + s.restocked - s.on_hand - s.reserved - s.sold AS lost,
       least(s.on_hand, s.reserved, s.sold) AS least,
       s.reserved - coalesce(sum(l.quantity) FILTER (WHERE r.state = 'held'), 0) AS reserved_by_nobody,
       s.sold - s.restocked - coalesce(sum(l.quantity) FILTER (WHERE r.state = 'committed'), 0) AS sold_to_nobody
  FROM stock s LEFT JOIN reservation_line l USING (product_id) LEFT JOIN reservation r USING (order_id)
 GROUP BY s.product_id
"""
_LIVES: Final = """
SELECT order_id::text, product_id::text, array_agg(cause ORDER BY movement_id) AS causes, count(DISTINCT quantity) AS sizes
  FROM movement WHERE order_id IS NOT NULL GROUP BY order_id, product_id
"""
_TOLD: Final = "SELECT (SELECT count(*) FROM movement) AS movements, (SELECT count(*) FROM outbox) AS events"


@dataclass(frozen=True, slots=True)
class Caller:
    """One of many that know the same orders and products and do anything with them."""

    dice: random.Random
    warehouse: PostgresWarehouse
    clock: FakeClock
    products: Sequence[str]
    orders: Sequence[str]

    async def call(self) -> str:
        """Does one thing; what it was, with `refused` when it could not be done."""
        deeds: dict[str, tuple[int, Callable[[], Awaitable[object]]]] = {
            "reserve": (5, self.reserve),
            "commit": (3, self.commit),
            "release": (2, self.release),
            "expire": (1, self.expire),
            "receive": (1, self.receive),
        }
        name = self.dice.choices(list(deeds), [weight for weight, _ in deeds.values()])[0]
        try:
            await deeds[name][1]()
        except REFUSALS:
            return f"{name} refused"
        return name

    async def reserve(self) -> None:
        """Some units of some products, in any order of lines."""
        some = self.dice.sample(self.products, self.dice.randint(1, len(self.products)))
        items = {product: self.dice.randint(1, 3) for product in some}
        async with self.warehouse.transaction() as stock:
            await reserve(stock, self.dice.choice(self.orders), items, ttl=TTL, now=self.clock.now())

    async def commit(self) -> None:
        """Sells what an order holds."""
        async with self.warehouse.transaction() as stock:
            await settle.commit(stock, self.dice.choice(self.orders), now=self.clock.now())

    async def release(self) -> None:
        """Gives back what an order holds or has bought."""
        async with self.warehouse.transaction() as stock:
            await settle.release(stock, self.dice.choice(self.orders), now=self.clock.now())

    async def expire(self) -> None:
        """Time passes for everybody."""
        self.clock.advance(TTL.total_seconds() * self.dice.random())
        await sweep(self.warehouse, self.clock)

    async def receive(self) -> None:
        """Goods come in."""
        async with self.warehouse.transaction() as stock:
            product = self.dice.choice(self.products)
            await keep_stock.receive_goods(stock, product, self.dice.randint(1, 5), now=self.clock.now())


@pytest.mark.parametrize("units", [3, 40])
async def test_random_callers_at_once_leave_books_that_balance(
    pool: Database, clock: FakeClock, units: int
) -> None:
    seed = secrets.randbits(32)
    warehouse, products = PostgresWarehouse(pool), [uuid7() for _ in range(4)]
    orders = [uuid7() for _ in range(ORDERS)]
    async with warehouse.transaction() as stock:
        await keep_stock.import_stock(stock, dict.fromkeys(products, units), now=clock.now())

    async def calls(number: int) -> list[str]:
        caller = Caller(random.Random(f"{seed} {number}"), warehouse, clock, products, orders)
        return [await caller.call() for _ in range(CALLS)]

    done = Counter(name for names in await asyncio.gather(*map(calls, range(CALLERS))) for name in names)
    assert {"reserve", "commit", "release", "expire", "receive"} <= set(done), (seed, done)
    async with pool.acquire() as connection:
        for row in await connection.fetch(_BALANCES):
            found = (row["lost"], row["reserved_by_nobody"], row["sold_to_nobody"])
            assert found == (0, 0, 0), (seed, dict(row))
            assert row["least"] >= 0, (seed, dict(row))
        for row in await connection.fetch(_LIVES):
            assert tuple(row["causes"]) in LIVES, (seed, dict(row))
            assert row["sizes"] == 1, (seed, dict(row))
        told = await connection.fetchrow(_TOLD)
        assert told is not None
        assert told["movements"] == told["events"] > 0, seed
