"""The moments in which an order's worker can die: before and after the effect of a step, before and after its record.

Nothing in the service knows of them. A request is held, or its answer is late, on the link between two processes; a
record is held by a lock on the row that it changes.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

import asyncpg

from local.links.client import LinksClient
from meshkit.testing import eventually

DEADLINE_S: Final = 5.0
SLOW_MS: Final = 1_000
"""How long answers are on their way: time to kill who waits for one, or to get hold of the step that follows it."""
ASKED_S: Final = 0.3
"""Within this a request that is not held has had its effect."""

_STEP: Final = "SELECT step FROM workflows WHERE order_id = $1 AND status = 'active'"
_HOLD: Final = "SELECT FROM workflows WHERE order_id = $1 AND step = $2 FOR UPDATE NOWAIT"
_WAITING: Final = "SELECT pid FROM pg_stat_activity WHERE pg_backend_pid() = ANY (pg_blocking_pids(pid))"
_DROP: Final = "SELECT pg_terminate_backend(pid) FROM unnest($1::int[]) AS pid"


class Moment(StrEnum):
    """What has happened of a step when its worker dies."""

    ASKED = "asked"
    """The step is recorded as started; its request never arrives."""
    DONE = "done"
    """The effect is in the books of the service that was asked; its answer never arrives."""
    TOLD = "told"
    """The answer has come; its record is never written."""
    WRITTEN = "written"
    """The record is written, and nobody knows of it."""


@dataclass(frozen=True, slots=True)
class Step:
    """One call of a workflow: who is asked, how its effect is seen there, and how one gets to it.

    `effect` is a query over the database of `callee` that finds a row when the order `$1` has it. `ended` is the state
    the order comes to. `after` names a service whose answers are slowed until this step is near: the last one asked
    before it when both ask the same.
    """

    name: str
    callee: str
    effect: str
    ended: str = "ORDER_STATE_CONFIRMED"
    token: str = "tok_ok"
    cancels: bool = False
    after: str = ""

    def __str__(self) -> str:
        return f"{self.name}-{self.ended.removeprefix('ORDER_STATE_').lower()}"


_HELD: Final = "SELECT FROM reservation WHERE order_id = $1"
_RELEASED: Final = f"{_HELD} AND state IN ('released', 'restocked')"
_CHARGED: Final = "SELECT FROM payments WHERE order_id = $1 AND state = 'SUCCEEDED'"
_REFUNDED: Final = (
    "SELECT FROM refunds JOIN payments USING (payment_id) WHERE order_id = $1 AND refunds.state = 'SUCCEEDED'"
)
_STOPPED: Final = "SELECT FROM shipments WHERE order_id = $1 AND state = 'voided'"
_REJECTED: Final = "ORDER_STATE_REJECTED"
_CANCELLED: Final = "ORDER_STATE_CANCELLED"
STEPS: Final = (
    Step("reserve", "inventory", _HELD),
    Step("charge", "payment", _CHARGED),
    Step("commit", "inventory", f"{_HELD} AND state = 'committed'", after="payment"),
    Step("release", "inventory", _RELEASED, _REJECTED, token="tok_declined", after="payment"),
    Step("void", "shipping", _STOPPED, _CANCELLED, cancels=True),
    Step("refund", "payment", _REFUNDED, _CANCELLED, cancels=True),
    Step("release", "inventory", _RELEASED, _CANCELLED, cancels=True),
)


@dataclass(frozen=True, slots=True)
class Stage:
    """Where a moment is brought about: the links from order, and the books of order and of the service it asks."""

    links: LinksClient
    order: asyncpg.Connection[asyncpg.Record]
    callee: asyncpg.Connection[asyncpg.Record]

    @asynccontextmanager
    async def held_at(
        self, step: Step, moment: Moment, begin: Callable[[], Awaitable[str]]
    ) -> AsyncIterator[None]:
        """Calls `begin`, which gives the order's id, and brings its workflow to the moment. The worker dies inside."""
        link, before = f"order-to-{step.callee}", f"order-to-{step.after}"
        try:
            if step.after:
                await self._slow(before)
            if moment is not Moment.ASKED:
                await self._slow(link)
            elif not step.after:
                await self._hold(link)
            order_id = await begin()
            if step.after and moment is Moment.ASKED:
                await self._reached(order_id, "charge")
                await self._hold(link)
            await self._reached(order_id, step.name)
            match moment:
                case Moment.ASKED:
                    await asyncio.sleep(ASKED_S)
                    assert not await self._had(step, order_id), f"the request to {step.name} was not held"
                    yield
                case Moment.DONE:
                    await eventually(lambda: self._had(step, order_id), DEADLINE_S)
                    yield
                case Moment.TOLD | Moment.WRITTEN:
                    async with self._record_held(order_id, step, moment):
                        yield
        finally:
            for name in {link, before} if step.after else {link}:
                await self.links.mend(name)

    async def _slow(self, link: str) -> None:
        await self.links.poison(link, "latency", "downstream", {"latency": SLOW_MS, "jitter": 0})

    async def _hold(self, link: str) -> None:
        """From now on no request comes through; the link's mending closes its connections."""
        await self.links.poison(link, "timeout", "upstream", {"timeout": 0})

    async def _reached(self, order_id: str, step: str) -> None:
        async def there() -> bool:
            now = await self.order.fetchval(_STEP, order_id)
            assert now == step, f"the workflow is at {now}, not at {step}"
            return True

        await eventually(there, DEADLINE_S)

    async def _had(self, step: Step, order_id: str) -> bool:
        """Whether the step has had its effect."""
        return bool(await self.callee.fetch(step.effect, order_id))

    @asynccontextmanager
    async def _record_held(self, order_id: str, step: Step, moment: Moment) -> AsyncIterator[None]:
        """Locks the workflow until its worker, who wants to write what it was told, is dead."""
        async with self.order.transaction():
            assert await self.order.fetch(_HOLD, order_id, step.name), f"{step.name} is over already"

            async def waiting() -> list[int]:
                return [row["pid"] for row in await self.order.fetch(_WAITING)]

            pids = await eventually(waiting, DEADLINE_S)
            yield
            if moment is Moment.TOLD:
                await self.order.execute(_DROP, pids)
