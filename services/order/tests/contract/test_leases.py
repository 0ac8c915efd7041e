"""Who may write: two workers on one workflow, leases that run out, writers who come too late."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest

from meshkit.clock import FakeClock
from order.app.engine import LeaseLost
from order.app.ports import OrderStore, Work
from order.domain.advance import advance
from order.domain.states import OrderState
from order.domain.steps import Done, Refused
from order.domain.workflow import Note, Progress
from services.order.tests.bench import LIMITS, Bench
from services.order.tests.builders import LEASE, NO_TIME, OTHER_LEASE, a_placement


def _next(work: Work, clock: FakeClock, outcome: Done | Refused | None = None) -> Progress:
    return advance(work.order, work.flow, outcome or Done(), now=clock.now(), limits=LIMITS, retry_in_s=0.0)


async def _placed(store: OrderStore, *, lease: object = LEASE) -> Work:
    placement = a_placement()
    await store.place(placement, LEASE if lease is LEASE else NO_TIME)
    return Work(placement.order, placement.flow)


async def test_a_workflow_under_a_lease_is_nobody_elses(store: OrderStore) -> None:
    await _placed(store)
    assert list(await store.claim_due(10, OTHER_LEASE)) == []


async def test_a_workflow_whose_lease_ran_out_is_claimed_with_a_new_try(store: OrderStore) -> None:
    work = await _placed(store, lease=NO_TIME)
    (claimed,) = await store.claim_due(10, OTHER_LEASE)
    assert claimed.flow == replace(work.flow, lease=2, attempt=2)
    assert claimed.order == work.order
    last = (await store.timeline(work.order.order_id))[-1]
    assert (last.step, last.note, last.attempt) == ("reserve", Note.STARTED, 2)


async def test_workers_racing_for_the_same_workflows_share_them_out(store: OrderStore) -> None:
    placed = [(await _placed(store, lease=NO_TIME)).order.order_id for _ in range(9)]
    claims = await asyncio.gather(*(store.claim_due(4, OTHER_LEASE) for _ in range(5)))
    got = [work.order.order_id for claim in claims for work in claim]
    # A claim passes over rows that another is just taking, so a second look may be needed for the rest.
    got += [work.order.order_id for work in await store.claim_due(10, OTHER_LEASE)]
    assert sorted(got) == sorted(placed)


async def test_a_worker_that_lost_its_lease_writes_nothing(store: OrderStore, clock: FakeClock) -> None:
    stale = await _placed(store, lease=NO_TIME)
    await store.claim_due(1, OTHER_LEASE)
    before = list(await store.timeline(stale.order.order_id))
    assert await store.record(_next(stale, clock), LEASE) is False
    assert list(await store.timeline(stale.order.order_id)) == before


async def test_two_writes_of_one_lease_racing_do_not_both_count(store: OrderStore, clock: FakeClock) -> None:
    """The second is of the same lease, and still no double confirmation: the order has moved on."""
    bench = Bench(store, clock)
    work = await bench.place()
    for _ in range(2):  # reserved and charged
        progress = _next(work, clock, Done(payment_id="p" if work.flow.step == "charge" else ""))
        assert await store.record(progress, LEASE)
        work = Work(progress.order, progress.flow)
    confirming = _next(work, clock)
    answers = await asyncio.gather(*(store.record(confirming, LEASE) for _ in range(4)))
    assert sorted(answers) == [False, False, False, True]
    ends = [entry for entry in await store.timeline(work.order.order_id) if entry.step == "confirm"]
    assert len(ends) == 1
    customer = await store.customer(work.order.user_id)
    assert customer is not None
    assert customer.order_count == 1


async def test_a_write_that_does_not_know_of_a_wish_to_cancel_is_refused(
    store: OrderStore, clock: FakeClock
) -> None:
    bench = Bench(store, clock)
    work = await bench.place()
    await bench.cancel(work.order.order_id)
    assert await store.record(_next(work, clock), LEASE) is False
    ended = await bench.engine().run(work)  # it looks again, and turns round
    assert ended.order.state is OrderState.CANCELLED
    await bench.check()


async def test_a_stale_order_rolls_the_whole_write_back(store: OrderStore, clock: FakeClock) -> None:
    bench = Bench(store, clock)
    work = await bench.place()
    refused = _next(work, clock, Refused("OUT_OF_STOCK"))
    stale = replace(refused, order_before=replace(refused.order_before, revision=7))
    assert await store.record(stale, LEASE) is False
    fresh = await store.load(work.order.order_id)
    assert fresh is not None
    assert (fresh.order, fresh.flow) == (work.order, work.flow)
    assert len(await store.timeline(work.order.order_id)) == 2


async def test_a_worker_whose_workflow_was_taken_stops_with_lease_lost(
    store: OrderStore, clock: FakeClock
) -> None:
    bench = Bench(store, clock)
    stale = await bench.place()
    (claimed,) = await store.claim_due(1, NO_TIME)
    with pytest.raises(LeaseLost):
        await bench.engine().run(stale)
    assert (await bench.engine().run(claimed)).order.state is OrderState.CONFIRMED
    await bench.check()


async def test_a_late_worker_cannot_reserve_or_charge_what_was_given_up(
    store: OrderStore, clock: FakeClock
) -> None:
    """It slept before its call, and meanwhile another worker has undone the order: the upstreams refuse the late call."""
    bench = Bench(store, clock)
    sleeper = await bench.place()
    await bench.cancel(sleeper.order.order_id)
    await bench.quiet()
    with pytest.raises(LeaseLost):
        await bench.engine().run(sleeper)
    await bench.check()


async def test_many_workers_on_one_workflow_confirm_it_once(store: OrderStore, clock: FakeClock) -> None:
    bench = Bench(store, clock)
    work = await bench.place()

    async def worker() -> None:
        for claimed in await store.claim_due(1, NO_TIME):
            try:
                await bench.engine().run(claimed)
            except LeaseLost:
                return

    await asyncio.gather(*(worker() for _ in range(6)))
    await bench.quiet()
    ended = await store.load(work.order.order_id)
    assert ended is not None
    assert ended.order.state is OrderState.CONFIRMED
    await bench.check()
