"""Fakes of the ports over a shop's books, and the mishaps that calls and writes meet."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import nullcontext
from enum import Enum, auto
from typing import Any

from order.app.engine import Engine, Policy
from order.app.ports import Lease, OrderStore, Work
from order.app.steps import Steps
from order.domain.advance import Limits
from order.domain.money import Money
from order.domain.order import Item, Order, Speed
from order.domain.pricing import Product
from order.domain.states import OrderState
from order.domain.steps import Done, Outcome, Refused, Step, Unclear
from order.domain.workflow import Progress
from services.order.tests.books import Payment, Refusal, Shop


class Crash(Exception):
    """The process is gone at this point."""


class Mishap(Enum):
    """What may happen to a call: its request or its answer is lost, or the caller dies before or after its effect."""

    REQUEST_LOST = auto()
    ANSWER_LOST = auto()
    CRASH_BEFORE = auto()
    CRASH_AFTER = auto()


class Mishaps:
    """Mishaps by the number of the call, counted from 0; the same count runs through calls and writes."""

    def __init__(self) -> None:
        self.points = 0
        self.crash_at: int | None = None
        self.calls: dict[Step, list[Mishap | None]] = {}

    def point(self) -> None:
        """A moment at which the process may die."""
        here, self.points = self.points, self.points + 1
        if here == self.crash_at:
            raise Crash

    def of_call(self, step: Step) -> Mishap | None:
        planned = self.calls.get(step)
        return planned.pop(0) if planned else None

    def call(self, step: Step, effect: Callable[[], Outcome]) -> Outcome:
        mishap = self.of_call(step)
        self.point()
        if mishap is Mishap.CRASH_BEFORE:
            raise Crash
        if mishap is Mishap.REQUEST_LOST:
            return Unclear("UNAVAILABLE")
        try:
            outcome = effect()
        except Refusal as refusal:
            outcome = Refused(refusal.reason)
        self.point()
        if mishap is Mishap.CRASH_AFTER:
            raise Crash
        return Unclear("DEADLINE_EXCEEDED") if mishap is Mishap.ANSWER_LOST else outcome


class FakeStock:
    def __init__(self, shop: Shop, mishaps: Mishaps) -> None:
        self._shop, self._mishaps = shop, mishaps

    async def reserve(self, order: Order) -> Outcome:
        items = {line.product_id: line.quantity for line in order.lines}
        return self._mishaps.call(Step.RESERVE, lambda: self._do("reserve", order.order_id, items))

    async def commit(self, order: Order) -> Outcome:
        return self._mishaps.call(Step.COMMIT, lambda: self._do("commit", order.order_id))

    async def release(self, order: Order) -> Outcome:
        return self._mishaps.call(Step.RELEASE, lambda: self._do("release", order.order_id))

    def _do(self, name: str, *arguments: Any) -> Outcome:
        getattr(self._shop.stock, name)(*arguments)
        return Done()


class FakePayments:
    def __init__(self, shop: Shop, mishaps: Mishaps) -> None:
        self._shop, self._mishaps = shop, mishaps

    async def charge(self, order: Order, payment_token: str) -> Outcome:
        book = self._shop.payments
        return self._mishaps.call(
            Step.CHARGE, lambda: _charged(book.charge(order.order_id, order.total.minor, payment_token))
        )

    async def refund(self, order: Order) -> Outcome:
        def effect() -> Outcome:
            payment = self._shop.payments.refund_all(order.order_id)
            return Done(refunded_minor=payment.refunded if payment else None)

        return self._mishaps.call(Step.REFUND, effect)


def _charged(payment: Payment) -> Outcome:
    match payment.state:
        case "SUCCEEDED":
            return Done(payment_id=payment.payment_id)
        case "PENDING":
            return Unclear("PAYMENT_PENDING")
        case state:
            return Refused(f"PAYMENT_{state}")


class FakeShipping:
    def __init__(self, shop: Shop, mishaps: Mishaps) -> None:
        self._shop, self._mishaps = shop, mishaps

    async def quote(self, weight_grams: int, country_code: str) -> Mapping[Speed, Money]:
        return {Speed(speed): Money(price, "EUR") for speed, price in self._shop.parcels.prices.items()}

    async def void(self, order: Order) -> Outcome:
        def effect() -> Outcome:
            self._shop.parcels.void(order.order_id)
            return Done()

        return self._mishaps.call(Step.VOID, effect)


class FakeCatalogue:
    def __init__(self, shop: Shop) -> None:
        self._shop = shop

    async def products(self, product_ids: Sequence[str]) -> Mapping[str, Product]:
        return {
            product_id: Product(
                product_id, entry.name, Money(entry.price, entry.currency), entry.weight_grams
            )
            for product_id in product_ids
            if (entry := self._shop.products.get(product_id))
        }


class FakeCarts:
    """The cart of one user."""

    def __init__(self, items: dict[str, int] | None = None) -> None:
        self.content = items or {}

    async def items(self) -> Sequence[Item]:
        return [Item(product_id, quantity) for product_id, quantity in self.content.items()]


class FakeMeter:
    """Remembers what was counted."""

    def __init__(self) -> None:
        self.steps: list[tuple[Step, Outcome]] = []
        self.ends: list[tuple[OrderState, float]] = []
        self.parkings: list[tuple[str, Step, str]] = []

    def step(self, step: Step, outcome: Outcome) -> None:
        self.steps.append((step, outcome))

    def ended(self, state: OrderState, seconds: float) -> None:
        self.ends.append((state, seconds))

    def parked(self, order_id: str, step: Step, reason: str) -> None:
        self.parkings.append((order_id, step, reason))


class FragileStore:
    """A workflow store whose writes are moments to die at, too."""

    def __init__(self, store: OrderStore, mishaps: Mishaps) -> None:
        self._store, self._mishaps = store, mishaps

    async def load(self, order_id: str) -> Work | None:
        return await self._store.load(order_id)

    async def record(self, progress: Progress, lease: Lease) -> bool:
        self._mishaps.point()
        written = await self._store.record(progress, lease)
        self._mishaps.point()
        return written

    async def claim_due(self, limit: int, lease: Lease) -> Sequence[Work]:
        return await self._store.claim_due(limit, lease)

    async def backlog(self) -> Any:
        return await self._store.backlog()


def an_engine(
    shop: Shop,
    store: OrderStore,
    clock: Any,
    *,
    lease: Lease,
    mishaps: Mishaps | None = None,
    meter: FakeMeter | None = None,
    limits: Limits,
) -> Engine:
    """A worker on the shop's books; it waits for nothing between tries."""
    mishaps = mishaps or Mishaps()
    return Engine(
        store=FragileStore(store, mishaps),
        steps=Steps(
            stock=FakeStock(shop, mishaps),
            payments=FakePayments(shop, mishaps),
            shipping=FakeShipping(shop, mishaps),
        ),
        clock=clock,
        policy=Policy(lease=lease, limits=limits),
        meter=meter or FakeMeter(),
        scope=lambda _: nullcontext(),
        wait_s=lambda _: 0.0,
    )
