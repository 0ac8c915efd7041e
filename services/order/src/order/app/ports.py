"""What the use cases need from outside; adapters implement it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from order.domain.cancelling import CancelPlan, Wish
from order.domain.customer import Customer
from order.domain.money import Money
from order.domain.order import Item, Order, Speed
from order.domain.pricing import Product
from order.domain.states import OrderState
from order.domain.steps import Outcome, Step
from order.domain.workflow import Entry, EventKind, Progress, Workflow


class Clock(Protocol):
    """Tells the time as an aware datetime in UTC."""

    def now(self) -> datetime: ...


@dataclass(frozen=True, slots=True)
class RequestKey:
    """What makes two requests the same one: who, which RPC, their id, and the hash of the body."""

    caller: str
    method: str
    request_id: str
    body_hash: bytes


@dataclass(frozen=True, slots=True)
class Lease:
    """Who works on a workflow, and for how many seconds nobody else may."""

    owner: str
    seconds: float


@dataclass(frozen=True, slots=True)
class Work:
    """An order and its workflow as they stand. `retry_in_s`: given back, and due again then."""

    order: Order
    flow: Workflow
    retry_in_s: float | None = None


@dataclass(frozen=True, slots=True)
class Placement:
    """All that is written when an order is placed."""

    order: Order
    flow: Workflow
    entries: tuple[Entry, ...]
    key: RequestKey


@dataclass(frozen=True, slots=True)
class PageKey:
    """Where a page of orders ended."""

    created_at: datetime
    order_id: str


@dataclass(frozen=True, slots=True)
class Backlog:
    """Workflows that wait: `parked` for an operator; `oldest_s` the age of the oldest active one, in seconds."""

    parked: int
    oldest_s: float


class OrderReader(Protocol):
    """Reads orders and customers."""

    async def get(self, order_id: str) -> Order | None: ...

    async def list_orders(self, user_id: str | None, after: PageKey | None, limit: int) -> Sequence[Order]:
        """Newest first; of all users for None."""
        ...

    async def timeline(self, order_id: str) -> Sequence[Entry]:
        """Oldest first."""
        ...

    async def customer(self, user_id: str) -> Customer | None: ...


class WorkflowStore(Protocol):
    """The workflows' state; every write is fenced by the lease."""

    async def load(self, order_id: str) -> Work | None: ...

    async def record(self, progress: Progress, lease: Lease) -> bool:
        """Writes all of it, renewing the lease or ending it; False and nothing when any of it has changed since."""
        ...

    async def claim_due(self, limit: int, lease: Lease) -> Sequence[Work]:
        """Takes up to `limit` workflows that are due and nobody's, counting and noting a new try of each."""
        ...

    async def backlog(self) -> Backlog: ...


class OrderWriter(Protocol):
    """The writes that start something. Each commits order, workflow, timeline, key and event together."""

    async def find_request(self, key: RequestKey) -> str | None:
        """The order of an earlier request of this key, None for none; raises KeyReused for another body."""
        ...

    async def place(self, placement: Placement, lease: Lease) -> str | None:
        """None, or the order that an earlier request of this key has placed.

        Raises KeyReused and CreditLimitExceeded; the limit is checked under the customer's lock.
        """
        ...

    async def request_cancel(
        self,
        order_id: str,
        plan: Callable[[Order, Workflow], CancelPlan],
        key: RequestKey | None,
        lease: Lease,
    ) -> tuple[Work, Wish]:
        """Asks `plan` under the workflow's lock and writes its answer, taking the lease of a workflow it OPENED.

        An earlier request of the same key makes it REPEATED: then `plan` is not asked and nothing is written.

        Raises OrderNotFound, KeyReused and what `plan` raises.
        """
        ...


class OrderStore(OrderReader, WorkflowStore, OrderWriter, Protocol):
    """All of it: one database."""


class OrderChanges(Protocol):
    """Changes to orders that events bring, in the transaction that the event is handled in."""

    async def change(
        self, order_id: str, decide: Callable[[Order], Order], event: EventKind | None = None
    ) -> Order | None:
        """Writes what `decide` returns, with `event` when it differs; None when there is no such order."""
        ...


class Carts(Protocol):
    """The carts of the shop."""

    async def items(self) -> Sequence[Item]:
        """What is in the caller's cart."""
        ...


class Catalogue(Protocol):
    """What is on sale."""

    async def products(self, product_ids: Sequence[str]) -> Mapping[str, Product]:
        """Those of `product_ids` that are on sale."""
        ...


class Stock(Protocol):
    """Units of products, set aside and sold. Each call may be repeated."""

    async def reserve(self, order: Order) -> Outcome: ...

    async def commit(self, order: Order) -> Outcome: ...

    async def release(self, order: Order) -> Outcome: ...


class Payments(Protocol):
    """Money, charged and paid back once however often asked."""

    async def charge(self, order: Order, payment_token: str) -> Outcome: ...

    async def refund(self, order: Order) -> Outcome: ...


class Shipping(Protocol):
    """Parcels."""

    async def quote(self, weight_grams: int, country_code: str) -> Mapping[Speed, Money]:
        """What each speed on offer costs."""
        ...

    async def void(self, order: Order) -> Outcome: ...


class Runner(Protocol):
    """Runs workflows in the background of this process."""

    def submit(self, work: Work) -> None:
        """Goes on with a workflow whose lease this process holds."""
        ...

    def wake(self) -> None:
        """Looks for due workflows now."""
        ...

    async def settled(self, order_id: str, within_s: float) -> Work:
        """The order when its workflow has ended, or as it is after `within_s` seconds. Raises OrderNotFound."""
        ...


class Meter(Protocol):
    """Counts what workflows do."""

    def step(self, step: Step, outcome: Outcome) -> None: ...

    def ended(self, state: OrderState, seconds: float) -> None: ...

    def parked(self, order_id: str, step: Step, reason: str) -> None: ...


# Whose name background calls are made in: sets identity and takes away the deadline of whoever asked.
Scope = Callable[[str], AbstractContextManager[None]]
