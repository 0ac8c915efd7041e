"""Orders that do not go on: listed with what to do, and let go on, on a database with order's own tables and writers."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Callable
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from local.errors import LocalError
from local.orders import resuming
from local.orders.advice import (
    OLD,
    PARKED_BY_REASON,
    PARKED_BY_STEP,
    PARKED_ELSEWHERE,
    RUNBOOK,
    Advice,
    advice,
)
from local.orders.stuck import Stuck, stuck
from local.paths import ROOT
from local.stores.service_database import opened
from meshkit.clock import FakeClock, SystemClock
from meshkit.postgres import Database
from order.adapters.postgres import PostgresOrders
from order.adapters.token_seal import TokenSeal
from order.app.ports import Work
from order.domain.advance import Limits, advance, park
from order.domain.steps import RULES, Done, Step, Unclear
from services.order.tests.builders import LEASE, LIMIT, NO_TIME, a_placement, an_order

if TYPE_CHECKING:
    from local.stores.service_database import Connection

pytestmark = pytest.mark.timeout(60)
LIMITS = Limits(timedelta(minutes=1), timedelta(hours=1))


class Shop:
    """Order's own store, and the connection of `./banyan orders` to the same database."""

    def __init__(self, store: PostgresOrders, clock: FakeClock, books: Connection) -> None:
        self.store = store
        self.clock = clock
        self.books = books

    async def place(self) -> Work:
        """An order whose stock is being reserved."""
        placement = a_placement(an_order(at=self.clock.now()))
        assert await self.store.place(placement, LEASE) is None
        return Work(placement.order, placement.flow)

    async def parked(self, reason: str) -> Work:
        """An order that is left to an operator."""
        work = await self.place()
        progress = park(work.order, work.flow, reason, self.clock.now())
        assert await self.store.record(progress, LEASE)
        return Work(progress.order, progress.flow)

    async def failing_refund(self) -> Work:
        """An order whose refund fails until it is parked, by the rules of order itself."""
        work = await self.place()
        for outcome in (Done(), Unclear("UNAVAILABLE"), Unclear("REFUND_PENDING")):
            now = self.clock.now()
            progress = advance(work.order, work.flow, outcome, now=now, limits=LIMITS, retry_in_s=0.0)
            assert await self.store.record(progress, LEASE)
            work = Work(progress.order, progress.flow)
            self.clock.advance(3601)
        return work

    async def stuck(self, older_than_s: float | None = None) -> list[Stuck]:
        """As the verb reads it; the service's clock may be ahead of the database's."""
        ahead = (self.clock.now() - SystemClock().now()).total_seconds()
        return await stuck(self.books, clock_offset_s=ahead, older_than_s=older_than_s)


@pytest.fixture
async def shop(database: Callable[[Path | str], str]) -> AsyncIterator[Shop]:
    address = database(ROOT / "services" / "order")
    pool, clock = Database(address, 2), FakeClock(SystemClock().now())
    await pool.start()
    store = PostgresOrders(pool, clock=clock, seal=TokenSeal("secret"), credit_limit=LIMIT)
    async with opened("order", address) as books:
        yield Shop(store, clock, books)
    await pool.stop(1)


async def test_nothing_is_stuck_while_all_go_on(shop: Shop) -> None:
    await shop.place()
    assert await shop.stuck() == []


async def test_a_parked_workflow_is_listed_with_what_to_do(shop: Shop) -> None:
    work = await shop.failing_refund()
    (found,) = await shop.stuck()
    assert (found.order_id, found.state, found.status) == (work.order.order_id, "PENDING", "parked")
    assert (found.goal, found.step, found.reason, found.undo) == (
        "reject",
        "refund",
        "REFUND_PENDING",
        ("release", "refund"),
    )
    assert found.parked_since is not None
    assert not found.worked_on
    assert found.advice is PARKED_BY_STEP["refund"]
    told = found.as_json()
    assert told["what_to_do"] == found.advice.what
    assert told["runbook"] == f"{RUNBOOK}, Parked at `refund`"
    assert told["attempts"] == work.flow.attempt


async def test_one_that_takes_longer_than_its_limit_is_listed_as_slow(shop: Shop) -> None:
    work = await shop.place()
    shop.clock.advance(119)
    assert await shop.stuck() == []
    shop.clock.advance(3)
    (found,) = await shop.stuck()
    assert (found.order_id, found.status, found.parked_since) == (work.order.order_id, "active", None)
    assert found.worked_on
    assert found.advice is OLD
    assert found.age_s == pytest.approx(122, abs=5)


async def test_the_limit_can_be_chosen_and_parked_ones_come_first(shop: Shop) -> None:
    slow = await shop.place()
    shop.clock.advance(30)
    parked = await shop.parked("OVERDUE")
    assert [each.order_id for each in await shop.stuck(60)] == [parked.order.order_id]
    assert [each.order_id for each in await shop.stuck(10)] == [parked.order.order_id, slow.order.order_id]


async def test_a_resumed_workflow_is_taken_up_with_a_new_lease_and_all_of_its_time(shop: Shop) -> None:
    work = await shop.parked("CONTRADICTION")
    key = resuming.order_key(work.order.order_id)
    assert await resuming.parked(shop.books, key) == ("reserve", "CONTRADICTION")
    assert await shop.store.claim_due(10, LEASE) == []
    await resuming.resume(shop.books, key)
    assert await shop.stuck() == []
    (claimed,) = await shop.store.claim_due(10, LEASE)
    assert (claimed.order.order_id, claimed.flow.step) == (work.order.order_id, Step.RESERVE)
    assert claimed.flow.lease == work.flow.lease + 3  # one each for the parking, the resumption and the claim
    assert claimed.flow.step_started_at > work.flow.step_started_at


async def test_only_parked_ones_are_resumed(shop: Shop) -> None:
    work = await shop.place()
    key = resuming.order_key(work.order.order_id)
    with pytest.raises(LocalError, match="is not parked: it goes on by itself, at reserve"):
        await resuming.resume(shop.books, key)
    fresh = await shop.store.load(work.order.order_id)
    assert fresh is not None
    assert fresh.flow == work.flow
    with pytest.raises(LocalError, match="there is no order"):
        await resuming.resume(shop.books, resuming.order_key("01958f5e-6a00-7000-8000-000000000005"))
    with pytest.raises(LocalError, match="is no order id"):
        resuming.order_key("42")


async def test_a_lease_that_is_held_is_not_taken(shop: Shop) -> None:
    work = await shop.parked("OVERDUE")
    key = resuming.order_key(work.order.order_id)
    held = "UPDATE workflows SET lease_owner = 'somebody', claimable_at = now() + interval '1 minute'"
    assert await shop.books.execute(held) == "UPDATE 1"
    with pytest.raises(LocalError, match="somebody holds the lease"):
        await resuming.resume(shop.books, key)
    await shop.books.execute("UPDATE workflows SET claimable_at = now() - interval '1 second'")
    await resuming.resume(shop.books, key)
    assert len(await shop.store.claim_due(10, NO_TIME)) == 1


async def test_a_late_writer_finds_its_lease_gone(shop: Shop) -> None:
    work = await shop.parked("OVERDUE")
    await resuming.resume(shop.books, resuming.order_key(work.order.order_id))
    late = advance(work.order, work.flow, Done(), now=shop.clock.now(), limits=LIMITS, retry_in_s=0.0)
    assert not await shop.store.record(late, LEASE)


async def test_a_database_that_is_not_there_is_one_sentence(database: Callable[[Path | str], str]) -> None:
    with pytest.raises(LocalError, match="the database of order does not answer: "):
        async with opened("order", "postgres://order:secret@127.0.0.1:9/order"):
            raise AssertionError("there is no such server")
    with pytest.raises(LocalError, match="the database of cart has no tables yet"):
        async with opened("cart", database(ROOT / "services" / "product")) as books:
            await stuck(books)


def _headings() -> dict[str, int]:
    text = (ROOT / RUNBOOK).read_text()
    return {title: len(marks) for marks, title in re.findall(r"^(##+) (.+)$", text, re.MULTILINE)}


def test_advice_and_runbook_have_the_same_headings() -> None:
    rows: list[Advice] = [*PARKED_BY_REASON.values(), *PARKED_BY_STEP.values()]
    headings = _headings()
    assert [title for title, level in headings.items() if level == 3] == [each.heading for each in rows]
    assert headings[PARKED_ELSEWHERE.heading] == headings[OLD.heading] == 2


def test_every_step_that_is_parked_has_its_advice() -> None:
    backward = {str(step) for step, rule in RULES.items() if not rule.forward}
    assert set(PARKED_BY_STEP) == backward
    for step in RULES:
        assert advice("parked", step, "OVERDUE").heading == "Parked: `OVERDUE`"
    assert advice("parked", "reserve", "SOMETHING_NEW") is PARKED_ELSEWHERE


def test_the_runbook_resumes_by_hand_as_the_verb_does() -> None:
    def plain(text: str) -> str:
        return " ".join(text.split())

    by_hand = plain(resuming.RESUME).replace("$1", "'…'")
    assert by_hand in plain((ROOT / RUNBOOK).read_text())
