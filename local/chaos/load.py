"""The steady load: orders of all kinds and visitors who look around, begun at a fixed rate whatever the shop does."""

from __future__ import annotations

import asyncio
import random
import uuid
from collections.abc import Callable, Coroutine
from typing import Any, Final

from local.chaos import goods
from local.chaos.client import BROWSING, Client
from local.chaos.ordering import Ordering
from local.chaos.people import Person
from local.chaos.records import Records

CUSTOMERS: Final = 24
BROWSING_PER_ORDER: Final = 2.5
UNITS_PER_ORDER: Final = 3.6
"""Brought for each order that is begun: a little less than is asked for, so that stock runs out again and again."""
MOST_AT_ONCE: Final = 400
Work = Callable[[], Coroutine[Any, Any, None]]


class Load:
    """Everybody in the shop. `rate` is orders begun each second."""

    def __init__(self, client: Client, records: Records, rate: float, seed: int) -> None:
        self._client = client
        self._records = records
        self._rate = rate
        self._seed = seed
        self._ending = asyncio.Event()
        self._running: set[asyncio.Task[None]] = set()
        self._loops: list[asyncio.Task[None]] = []
        self.products: list[str] = []
        self.customers: list[Person] = []

    async def prepare(self, staff: tuple[str, str]) -> None:
        """Registers customers and puts goods on sale; LocalError when that fails."""
        self.staff = await Person.known(self._client, *staff)
        self.products = await goods.put_on_sale(self.staff)
        emails = [f"chaos-{uuid.uuid4().hex}@example.com" for _ in range(CUSTOMERS)]
        self.customers = [await Person.register(self._client, email) for email in emails]
        self.ordering = Ordering(self._client, self._records, self.customers, self.staff, self.products)

    def start(self) -> None:
        """Begins; each part draws from dice of its own, so that none disturbs another's."""
        parts: list[tuple[str, float, Callable[[random.Random], Coroutine[Any, Any, None]]]] = [
            ("orders", self._rate, self.ordering.place_one),
            ("visitors", self._rate * BROWSING_PER_ORDER, self._look_around),
            ("supplier", max(self._rate / 4, 0.5), self._restock),
        ]
        for name, rate, act in parts:
            dice = random.Random(f"{self._seed} {name}")  # noqa: S311 - behaviour, no secret
            self._loops.append(asyncio.create_task(self._keep_beginning(rate, act, dice), name=name))

    async def stop(self, deadline_s: float) -> None:
        """Begins nothing more and waits for what is under way."""
        self._ending.set()
        await asyncio.gather(*self._loops)
        if self._running:
            _, late = await asyncio.wait(self._running, timeout=deadline_s)
            for task in late:
                task.cancel()
            await asyncio.gather(*late, return_exceptions=True)

    async def _keep_beginning(
        self, rate: float, act: Callable[[random.Random], Coroutine[Any, Any, None]], dice: random.Random
    ) -> None:
        """One act every 1/rate seconds on average, at random moments (exponential distances)."""
        loop = asyncio.get_running_loop()
        due = loop.time()
        while not self._ending.is_set():
            due += dice.expovariate(rate)
            try:
                await asyncio.wait_for(self._ending.wait(), max(due - loop.time(), 0))
            except TimeoutError:
                self._begin(act(random.Random(dice.random())))  # noqa: S311 - behaviour, no secret

    def _begin(self, work: Coroutine[Any, Any, None]) -> None:
        if len(self._running) >= MOST_AT_ONCE:  # more would measure this program, not the shop
            work.close()
            return
        task = asyncio.create_task(work)
        self._running.add(task)
        task.add_done_callback(self._done)

    def _done(self, task: asyncio.Task[None]) -> None:
        self._running.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            self._records.odd.append(f"a client failed on an answer: {error!r}")

    async def _look_around(self, dice: random.Random) -> None:
        product = dice.choice(self.products)
        pages = (
            ("/v1/products?page_size=20", 3),
            (f"/v1/products/{product}", 4),
            (f"/v1/views/products/{product}", 3),
            ("/v1/categories", 1),
        )
        path = dice.choices([path for path, _ in pages], [weight for _, weight in pages])[0]
        await self._client.send("browse", "GET", path, patience=BROWSING)

    async def _restock(self, dice: random.Random) -> None:
        units = round(UNITS_PER_ORDER * self._rate / max(self._rate / 4, 0.5))
        await goods.bring(self.staff, dice.choice(self.products), max(units, 1))
