"""A model of everything that can happen to orders at once, for hypothesis to find the order in which it breaks."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Any, TypeVar

from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, invariant, multiple, rule

from meshkit.clock import FakeClock, uuid7
from order.app.engine import LeaseLost
from order.app.ports import OrderStore, Work
from order.domain.errors import OrderNotCancellable
from order.domain.states import OrderState
from order.domain.steps import Step
from services.order.tests.bench import Bench
from services.order.tests.builders import NO_TIME, NOW
from services.order.tests.fakes import Crash, Mishap, Mishaps

T = TypeVar("T")
tokens = st.sampled_from(["tok_ok", "tok_ok", "tok_declined", "tok_failed", "tok_pending"])
mishaps = st.dictionaries(st.sampled_from(Step), st.lists(st.sampled_from(Mishap), min_size=1, max_size=2))


class OrdersMachine(RuleBasedStateMachine):
    """Workers come, die, sleep and wake again; customers cancel; stock expires; parcels leave."""

    loop: asyncio.AbstractEventLoop

    placed = Bundle("placed")
    sleepers = Bundle("sleepers")

    def __init__(self) -> None:
        super().__init__()
        self.clock = FakeClock(NOW)
        self.orders = self.make_store(self.clock)
        self.bench = Bench(self.orders, self.clock)
        self.users = [uuid7(), uuid7()]
        self.ended: dict[str, OrderState] = {}

    def make_store(self, clock: FakeClock) -> OrderStore:
        raise NotImplementedError

    def make_due(self) -> None:
        """Has a store that goes by a clock of its own call everything due, in the order in which it was placed."""

    def claim(self, limit: int) -> list[Work]:
        """What a worker takes up, always in the same order: an example must play again as it played."""
        self.make_due()
        return sorted(self.wait(self.orders.claim_due(limit, NO_TIME)), key=lambda work: work.order.order_id)

    def wait(self, work: Coroutine[Any, Any, T]) -> T:
        return self.loop.run_until_complete(work)

    @rule(target=sleepers, token=tokens, on_hand=st.integers(1, 3), user=st.integers(0, 1))
    def place(self, token: str, on_hand: int, user: int) -> Work:
        """The process that took the order goes to sleep with it: another may go on, and it may wake later."""
        return self.wait(self.bench.place(token=token, on_hand=on_hand, user_id=self.users[user]))

    @rule(target=placed, sleeper=sleepers)
    def know(self, sleeper: Work) -> str:
        return sleeper.order.order_id

    @rule(sleeper=sleepers, plan=mishaps)
    def wake(self, sleeper: Work, plan: dict[Step, list[Mishap | None]]) -> None:
        """A worker goes on with what it knew when it fell asleep, however long ago that was."""
        self.wait(self._run(sleeper, plan))

    @rule(target=sleepers, limit=st.integers(1, 3))
    def claim_and_sleep(self, limit: int) -> Any:
        return multiple(*self.claim(limit))

    @rule(plan=mishaps)
    def claim_and_work(self, plan: dict[Step, list[Mishap | None]]) -> None:
        for work in self.claim(2):
            self.wait(self._run(work, {step: list(planned) for step, planned in plan.items()}))

    @rule(target=sleepers, order_id=placed)
    def cancel(self, order_id: str) -> Any:
        try:
            work = self.wait(self.bench.cancel(order_id))
        except OrderNotCancellable:
            return multiple()
        return work

    @rule(order_id=placed)
    def reservation_expires(self, order_id: str) -> None:
        self.bench.shop.stock.expire(order_id)

    @rule(order_id=placed)
    def parcel_leaves(self, order_id: str) -> None:
        work = self.wait(self.orders.load(order_id))
        assert work is not None
        if work.order.state is OrderState.CONFIRMED and order_id not in self.bench.shop.parcels.voided:
            self.bench.shop.parcels.dispatched.add(order_id)

    @rule(seconds=st.integers(1, 45))
    def time_passes(self, seconds: int) -> None:
        self.clock.advance(seconds)

    @invariant()
    def nothing_is_charged_twice(self) -> None:
        for order_id in self.bench.placed:
            assert self.bench.shop.payments.charges(order_id) <= 1

    @invariant()
    def what_is_over_stays_as_it_is_and_holds_nothing(self) -> None:
        for order_id in self.bench.placed:
            work = self.wait(self.orders.load(order_id))
            assert work is not None
            state = work.order.state
            if state in (OrderState.REJECTED, OrderState.CANCELLED):
                assert self.ended.setdefault(order_id, state) is state
                assert self.bench.shop.payments.kept(order_id) == 0
                assert not self.bench.shop.stock.held(order_id)

    def teardown(self) -> None:
        """When all is quiet every promise holds."""
        self.wait(self.bench.quiet())
        self.wait(self.bench.check())

    async def _run(self, work: Work, plan: dict[Step, list[Mishap | None]]) -> None:
        planned = Mishaps()
        planned.calls = plan
        try:
            await self.bench.engine(planned).run(work)
        except (Crash, LeaseLost):
            return
