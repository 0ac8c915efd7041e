"""A workbench: orders run through the workflow on any store, and the promises that must hold when all is quiet."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta

from meshkit.clock import FakeClock
from order.app.engine import Engine, LeaseLost
from order.app.ports import OrderStore, Placement, Work
from order.domain.advance import Limits
from order.domain.cancelling import plan_cancel
from order.domain.customer import Share, share_of
from order.domain.order import Order
from order.domain.states import OrderState
from order.domain.workflow import Entry, Note, Status, placing
from services.order.tests.books import Shop
from services.order.tests.builders import NO_TIME, a_key, a_line, an_order
from services.order.tests.fakes import Crash, Mishaps, an_engine

LIMITS = Limits(timedelta(minutes=1), timedelta(hours=1))
SETTLED = {OrderState.CONFIRMED, OrderState.REJECTED, OrderState.CANCELLED, OrderState.FULFILLED}


class Bench:
    """One shop, one store. Leases last no time, so that the next worker may always go on."""

    def __init__(self, store: OrderStore, clock: FakeClock) -> None:
        self.shop = Shop()
        self.store = store
        self.clock = clock
        self.placed: list[str] = []

    def engine(self, mishaps: Mishaps | None = None) -> Engine:
        return an_engine(self.shop, self.store, self.clock, lease=NO_TIME, mishaps=mishaps, limits=LIMITS)

    async def place(self, *, token: str = "tok_ok", on_hand: int = 10, user_id: str | None = None) -> Work:
        product_id = self.shop.offer(on_hand=on_hand)
        order = an_order(lines=(a_line(product_id, quantity=2),), user_id=user_id, at=self.clock.now())
        flow, entries = placing(order, token, self.clock.now())
        assert await self.store.place(Placement(order, flow, entries, a_key()), NO_TIME) is None
        self.placed.append(order.order_id)
        return Work(order, flow)

    async def cancel(self, order_id: str) -> Work:
        work, _ = await self.store.request_cancel(
            order_id, lambda order, flow: plan_cancel(order, flow, self.clock.now()), None, NO_TIME
        )
        return work

    async def quiet(self, rounds: int = 60) -> None:
        """Fresh workers go on until nothing is left to do."""
        for _ in range(rounds):
            claimed = await self.store.claim_due(100, NO_TIME)
            if not claimed:
                return
            for work in claimed:
                await self.engine().run(work)
        raise AssertionError("workflows that never end")

    async def crash_at(self, point: int, work: Work) -> bool:
        """Runs `work` in a process that dies at that point; False when it ended before."""
        mishaps = Mishaps()
        mishaps.crash_at = point
        try:
            await self.engine(mishaps).run(work)
        except Crash:
            return True
        except LeaseLost:
            return False
        return False

    async def check(self) -> None:
        """Every promise about every order, and about every customer."""
        shares: dict[str, Share] = {}
        for order_id in self.placed:
            work = await self.store.load(order_id)
            assert work is not None
            self.check_order(work)
            check_timeline(work.order, list(await self.store.timeline(order_id)))
            shares.setdefault(work.order.user_id, Share())
            shares[work.order.user_id] = shares[work.order.user_id] - (Share() - share_of(work.order))
        for user_id, share in shares.items():
            customer = await self.store.customer(user_id)
            assert customer is not None
            assert share == Share(
                customer.open_amount.minor,
                customer.order_count,
                customer.lifetime_value.minor,
                customer.loyalty_points,
            )

    def check_order(self, work: Work) -> None:
        order, books = work.order, self.shop
        assert work.flow.status is Status.DONE
        assert work.flow.payment_token is None
        assert order.state in SETTLED
        assert books.payments.charges(order.order_id) <= 1
        if order.state in (OrderState.CONFIRMED, OrderState.FULFILLED):
            assert books.payments.kept(order.order_id) == order.total.minor - order.refunded.minor
            assert books.stock.reservations[order.order_id].state == "COMMITTED"
            assert order.order_id not in books.parcels.voided
        else:
            assert books.payments.kept(order.order_id) == 0
            assert not books.stock.held(order.order_id)


def check_timeline(order: Order, entries: list[Entry]) -> None:
    """Each outcome follows a start of the same try, and the last entry tells of the state."""
    open_tries: Counter[tuple[str, int]] = Counter()
    for entry in entries:
        here = (entry.step, entry.attempt)
        if entry.note is Note.STARTED:
            open_tries[here] += 1
        elif entry.step in ("place", "confirm", "reject", "cancel") or entry.note is Note.COMPENSATED:
            continue
        else:
            assert open_tries[here] > 0, f"{entry} was never started"
    assert [entry.time for entry in entries] == sorted(entry.time for entry in entries)
    ends = [entry.step for entry in entries if entry.note is Note.SUCCEEDED]
    expected = {"CONFIRMED": "confirm", "REJECTED": "reject", "CANCELLED": "cancel"}
    if order.state in expected:
        assert expected[order.state] in ends
