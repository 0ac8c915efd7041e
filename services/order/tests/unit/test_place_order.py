"""Placing and cancelling as use cases: keys before carts, twins, and callers who leave."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, replace

import pytest

from meshkit.clock import FakeClock, uuid7
from meshkit.testing import eventually
from order.adapters.memory import MemoryOrders
from order.adapters.runner import WorkflowRunner
from order.app.cancel_order import CancelCommand, CancelOrder
from order.app.get_order import GetOrder, Viewer
from order.app.place_order import Answer, PlaceCommand, PlaceOrder
from order.app.pricer import Pricer
from order.domain.errors import (
    CartEmpty,
    KeyReused,
    OrderNotCancellable,
    OrderNotFound,
    SpeedNotOffered,
)
from order.domain.order import Speed
from order.domain.states import OrderState
from order.domain.steps import Step
from services.order.tests.bench import LIMITS, Bench
from services.order.tests.builders import LEASE, LIMIT, a_key, an_address
from services.order.tests.fakes import FakeCarts, FakeCatalogue, FakeShipping, Mishap, Mishaps, an_engine


@dataclass
class Desk:
    """The use cases around one runner, for one user."""

    bench: Bench
    store: MemoryOrders
    carts: FakeCarts
    mishaps: Mishaps
    runner: WorkflowRunner
    place_order: PlaceOrder
    cancel_order: CancelOrder
    user_id: str

    async def place(
        self, *, key: str = "", body: bytes = b"", within_s: float = 5.0, **fields: object
    ) -> Answer:
        command = PlaceCommand(
            user_id=self.user_id,
            items=(),
            address=an_address(),
            speed=Speed.STANDARD,
            payment_token="tok_ok",
            key=a_key(key, caller=self.user_id, body=body),
        )
        return await self.place_order(replace(command, **fields), lambda: within_s)  # type: ignore[arg-type]

    async def cancel(self, order_id: str, *, user_id: str = "", within_s: float = 5.0) -> Answer:
        viewer = Viewer(user_id or self.user_id)
        return await self.cancel_order(CancelCommand(viewer, order_id, None), lambda: within_s)


@pytest.fixture
async def desk(clock: FakeClock) -> AsyncIterator[Desk]:
    store, mishaps = MemoryOrders(clock=clock, credit_limit=LIMIT), Mishaps()
    bench = Bench(store, clock)
    engine = an_engine(bench.shop, store, clock, lease=LEASE, mishaps=mishaps, limits=LIMITS)
    runner = WorkflowRunner(engine=engine, store=store, lease=LEASE, poll_s=0.02)
    carts, shipping = FakeCarts({bench.shop.offer(): 2}), FakeShipping(bench.shop, Mishaps())
    pricer = Pricer(carts=carts, catalogue=FakeCatalogue(bench.shop), shipping=shipping, currency="EUR")
    place = PlaceOrder(pricer=pricer, orders=store, runner=runner, clock=clock, lease=LEASE, new_id=uuid7)
    cancel = CancelOrder(get_order=GetOrder(store), orders=store, runner=runner, clock=clock, lease=LEASE)
    await runner.start()
    yield Desk(bench, store, carts, mishaps, runner, place, cancel, uuid7())
    await runner.stop(1)


async def test_the_cart_is_bought(desk: Desk) -> None:
    answer = await desk.place()
    assert (answer.order.state, answer.final, answer.replayed) == (OrderState.CONFIRMED, True, False)


async def test_a_replay_needs_no_cart(desk: Desk) -> None:
    first = await desk.place(key="k")
    desk.carts.content.clear()  # order.confirmed empties it
    again = await desk.place(key="k")
    assert (again.order, again.final, again.replayed) == (first.order, True, True)
    with pytest.raises(CartEmpty):
        await desk.place(key="other")


async def test_a_key_with_another_body_is_refused(desk: Desk) -> None:
    await desk.place(key="k", body=b"one")
    with pytest.raises(KeyReused):
        await desk.place(key="k", body=b"two")


async def test_twins_racing_get_one_order(desk: Desk) -> None:
    answers = await asyncio.gather(*(desk.place(key="k") for _ in range(5)))
    assert len({answer.order.order_id for answer in answers}) == 1
    assert [answer.replayed for answer in answers].count(False) == 1
    assert len(desk.bench.shop.payments.takings) == 1


async def test_a_twin_that_finds_the_cart_emptied_by_the_other_is_a_replay(desk: Desk) -> None:
    """Both looked for the key before either had placed; the slower one reads the cart when it is empty."""

    class LateCart(FakeCarts):
        async def items(self) -> list[object]:  # type: ignore[override]
            await desk.place(key="k")
            return []

    slow = PlaceOrder(
        pricer=Pricer(
            carts=LateCart(),  # type: ignore[arg-type]
            catalogue=FakeCatalogue(desk.bench.shop),
            shipping=FakeShipping(desk.bench.shop, Mishaps()),
            currency="EUR",
        ),
        orders=desk.store,
        runner=desk.runner,
        clock=desk.bench.clock,
        lease=LEASE,
        new_id=uuid7,
    )
    answer = await replace(desk, place_order=slow).place(key="k")
    assert (answer.replayed, answer.order.state) == (True, OrderState.CONFIRMED)


async def test_a_caller_with_little_time_gets_the_pending_order_and_a_replay_its_end(desk: Desk) -> None:
    desk.mishaps.calls = {Step.RESERVE: [Mishap.REQUEST_LOST]}
    first = await desk.place(key="k", within_s=0.0)
    assert (first.order.state, first.final) == (OrderState.PENDING, False)
    desk.bench.clock.advance(1)
    desk.runner.wake()
    replayed = await desk.place(key="k")
    assert (replayed.order.order_id, replayed.order.state) == (first.order.order_id, OrderState.CONFIRMED)


async def test_a_caller_who_goes_away_leaves_the_workflow_running(desk: Desk) -> None:
    call = asyncio.create_task(desk.place(key="k"))
    await eventually(lambda: desk.store.events, interval_s=0)
    call.cancel()
    with pytest.raises(asyncio.CancelledError):
        await call
    assert (await desk.place(key="k")).order.state is OrderState.CONFIRMED


async def test_a_speed_that_is_not_offered_is_refused(desk: Desk) -> None:
    del desk.bench.shop.parcels.prices["EXPRESS"]
    with pytest.raises(SpeedNotOffered):
        await desk.place(speed=Speed.EXPRESS)


async def test_cancelling_a_confirmed_order_and_again(desk: Desk) -> None:
    order_id = (await desk.place()).order.order_id
    for _ in range(2):
        answer = await desk.cancel(order_id)
        assert (answer.order.state, answer.final) == (OrderState.CANCELLED, True)
    assert desk.bench.shop.payments.kept(order_id) == 0


async def test_a_dispatched_order_cannot_be_cancelled(desk: Desk) -> None:
    order_id = (await desk.place()).order.order_id
    desk.bench.shop.parcels.dispatched.add(order_id)
    for _ in range(2):
        with pytest.raises(OrderNotCancellable):
            await desk.cancel(order_id)


async def test_another_users_order_does_not_exist_for_cancelling(desk: Desk) -> None:
    order_id = (await desk.place()).order.order_id
    with pytest.raises(OrderNotFound):
        await desk.cancel(order_id, user_id=uuid7())


async def test_cancelling_while_the_order_waits_for_a_retry_turns_it_round_at_once(desk: Desk) -> None:
    desk.mishaps.calls = {Step.CHARGE: [Mishap.ANSWER_LOST] * 3}
    order_id = (await desk.place(within_s=0.0)).order.order_id
    answer = await desk.cancel(order_id)
    assert answer.order.state is OrderState.CANCELLED
    assert desk.bench.shop.payments.kept(order_id) == 0
    assert not desk.bench.shop.stock.held(order_id)


async def test_stopping_waits_for_running_workflows_and_gives_them_back(desk: Desk) -> None:
    await desk.place(within_s=0.0)
    await desk.runner.stop(2)
    (work,) = [await desk.store.load(order.order_id) for _, order in desk.store.events[:1]]
    assert work is not None
    assert not work.flow.active or await desk.store.claim_due(1, LEASE)
