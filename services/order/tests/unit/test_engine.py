"""The engine on a store in memory: retries, limits, metrics, a stop between two steps."""

from __future__ import annotations

import pytest

from meshkit.clock import FakeClock
from order.adapters.memory import MemoryOrders
from order.domain.states import OrderState
from order.domain.steps import Step
from order.domain.workflow import EventKind, Note, Status
from services.order.tests.bench import LIMITS, Bench
from services.order.tests.builders import LIMIT, NO_TIME
from services.order.tests.fakes import FakeMeter, Mishap, Mishaps, an_engine


@pytest.fixture
def memory(clock: FakeClock) -> MemoryOrders:
    return MemoryOrders(clock=clock, credit_limit=LIMIT)


@pytest.fixture
def bench(memory: MemoryOrders, clock: FakeClock) -> Bench:
    return Bench(memory, clock)


async def test_a_lost_answer_is_asked_for_again_with_the_same_key(bench: Bench) -> None:
    mishaps = Mishaps()
    mishaps.calls = {step: [Mishap.ANSWER_LOST] for step in (Step.RESERVE, Step.CHARGE, Step.COMMIT)}
    work = await bench.place()
    waiting = await bench.engine(mishaps).run(work)
    assert (waiting.retry_in_s, waiting.flow.step) == (0.0, Step.RESERVE)
    for _ in range(3):
        for claimed in await bench.store.claim_due(1, NO_TIME):
            await bench.engine(mishaps).run(claimed)
    timeline = await bench.store.timeline(work.order.order_id)
    retried = [(entry.step, entry.attempt) for entry in timeline if entry.note is Note.RETRIED]
    assert retried == [(Step.RESERVE, 1), (Step.CHARGE, 1), (Step.COMMIT, 1)]
    await bench.check()
    assert bench.shop.payments.charges(work.order.order_id) == 1


async def test_an_upstream_that_stays_away_rejects_the_order_and_holds_nothing(
    bench: Bench, clock: FakeClock
) -> None:
    mishaps = Mishaps()
    mishaps.calls = {Step.CHARGE: [Mishap.ANSWER_LOST] * 50}
    work = await bench.engine(mishaps).run(await bench.place())
    while work.flow.step is Step.CHARGE:
        clock.advance(20)
        (claimed,) = await bench.store.claim_due(1, NO_TIME)
        work = await bench.engine(mishaps).run(claimed)
    assert (work.order.state, work.order.rejection_reason) == (OrderState.REJECTED, "CHARGE_UNAVAILABLE")
    await bench.check()


async def test_a_compensation_that_never_succeeds_is_parked_and_can_be_resumed(
    bench: Bench, memory: MemoryOrders, clock: FakeClock
) -> None:
    mishaps, meter = Mishaps(), FakeMeter()
    mishaps.calls = {Step.RELEASE: [Mishap.REQUEST_LOST] * 20}
    engine = an_engine(bench.shop, memory, clock, lease=NO_TIME, mishaps=mishaps, meter=meter, limits=LIMITS)
    work = await engine.run(await bench.place(token="tok_declined"))
    while work.flow.active:
        clock.advance(900)
        (claimed,) = await memory.claim_due(1, NO_TIME)
        work = await engine.run(claimed)
    assert work.flow.status is Status.PARKED
    assert meter.parkings == [(work.order.order_id, Step.RELEASE, "UNAVAILABLE")]
    assert (await memory.backlog()).parked == 1
    assert list(await memory.claim_due(1, NO_TIME)) == []


async def test_stopping_gives_the_workflow_back_between_two_steps(bench: Bench) -> None:
    work = await bench.engine().run(await bench.place(), stopping=lambda: True)
    assert (work.flow.step, work.retry_in_s) == (Step.CHARGE, 0.0)
    assert bench.shop.payments.takings == []
    await bench.quiet()
    await bench.check()


async def test_steps_and_ends_are_counted(bench: Bench, memory: MemoryOrders, clock: FakeClock) -> None:
    meter = FakeMeter()
    engine = an_engine(bench.shop, memory, clock, lease=NO_TIME, meter=meter, limits=LIMITS)
    work = await bench.place()
    clock.advance(2)
    await engine.run(work)
    assert [step for step, _ in meter.steps] == [Step.RESERVE, Step.CHARGE, Step.COMMIT]
    assert meter.ends == [(OrderState.CONFIRMED, 2.0)]


async def test_each_end_is_told_once(bench: Bench, memory: MemoryOrders) -> None:
    confirmed = await bench.engine().run(await bench.place())
    await bench.engine().run(await bench.place(on_hand=0))
    await bench.engine().run(await bench.cancel(confirmed.order.order_id))
    assert [kind for kind, _ in memory.events] == [
        EventKind.PLACED,
        EventKind.CONFIRMED,
        EventKind.PLACED,
        EventKind.REJECTED,
        EventKind.CANCELLED,
    ]


async def test_a_step_that_outlived_every_limit_is_parked_without_another_call(
    bench: Bench, clock: FakeClock
) -> None:
    work = await bench.place()
    clock.advance(3 * 3600)
    for _ in range(20):  # each of them dies before it can write anything
        (work,) = await bench.store.claim_due(1, NO_TIME)
    ended = await bench.engine().run(work)
    assert (ended.flow.status, ended.flow.parked_reason) == (Status.PARKED, "OVERDUE")
    assert bench.shop.stock.reservations == {}


async def test_an_answer_that_contradicts_the_order_is_parked(
    bench: Bench, memory: MemoryOrders, clock: FakeClock
) -> None:
    """Shipping stops a parcel and tells of its delivery as well."""
    confirmed = await bench.engine().run(await bench.place())
    opened = await bench.cancel(confirmed.order.order_id)
    await memory.change(confirmed.order.order_id, lambda order: order.fulfilled(clock.now()))
    ended = await bench.engine().run(opened)
    assert (ended.flow.status, ended.flow.parked_reason) == (Status.PARKED, "CONTRADICTION")
    assert ended.order.state is OrderState.FULFILLED


async def test_a_service_that_was_down_for_hours_goes_on(bench: Bench, clock: FakeClock) -> None:
    await bench.place()
    clock.advance(3 * 3600)
    await bench.quiet()
    await bench.check()
