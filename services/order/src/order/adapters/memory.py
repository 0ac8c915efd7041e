"""The order store in memory: the same promises as PostgreSQL's, for tests and for looking at the workflow alone.

Each method runs to its end without awaiting, which makes it atomic in one event loop.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from order.adapters.memory_customers import MemoryCustomers
from order.app.ports import Backlog, Clock, Lease, PageKey, Placement, RequestKey, Work
from order.domain.cancelling import CancelPlan, Wish
from order.domain.customer import MAX_PURCHASES, Customer, Purchase
from order.domain.errors import KeyReused, OrderNotFound
from order.domain.money import Money
from order.domain.order import Order
from order.domain.states import BOUGHT
from order.domain.workflow import Entry, EventKind, Note, Progress, Status, Workflow


@dataclass(slots=True)
class _Row:
    """A workflow, who works on it, and until (or from) when."""

    flow: Workflow
    owner: str | None
    claimable_at: datetime


class MemoryOrders:
    """The `OrderStore` and `OrderChanges` of one process. `events` are what would have been published."""

    def __init__(self, *, clock: Clock, credit_limit: Money) -> None:
        self._clock = clock
        self._orders: dict[str, Order] = {}
        self._rows: dict[str, _Row] = {}
        self._timelines: dict[str, list[Entry]] = {}
        self._keys: dict[tuple[str, str, str], tuple[bytes, str]] = {}
        self._customers = MemoryCustomers(credit_limit)
        self.events: list[tuple[EventKind, Order]] = []

    async def get(self, order_id: str) -> Order | None:
        """One order, whoever's it is."""
        return self._orders.get(order_id)

    async def list_orders(self, user_id: str | None, after: PageKey | None, limit: int) -> Sequence[Order]:
        """Newest first; of all users for None."""
        found = [order for order in self._orders.values() if user_id in (None, order.user_id)]
        found.sort(key=_newest, reverse=True)
        if after:
            found = [order for order in found if _newest(order) < (after.created_at, after.order_id)]
        return found[:limit]

    async def timeline(self, order_id: str) -> Sequence[Entry]:
        """Oldest first."""
        return tuple(self._timelines.get(order_id, ()))

    async def customer(self, user_id: str) -> Customer | None:
        """None for a user who never ordered."""
        known = self._customers.get(user_id)
        if known is None:
            return None
        bought = [
            Purchase(order.order_id, order.total, order.confirmed_at)
            for order in self._orders.values()
            if order.user_id == user_id and order.state in BOUGHT and order.confirmed_at
        ]
        bought.sort(key=lambda purchase: purchase.time, reverse=True)
        return replace(known, purchases=tuple(bought[:MAX_PURCHASES]))

    async def find_request(self, key: RequestKey) -> str | None:
        """The order of an earlier request of this key, if any."""
        known = self._keys.get((key.caller, key.method, key.request_id))
        if known is None:
            return None
        if known[0] != key.body_hash:
            raise KeyReused
        return known[1]

    async def place(self, placement: Placement, lease: Lease) -> str | None:
        """Everything or nothing: the two checks come first."""
        order = placement.order
        if known := await self.find_request(placement.key):
            return known
        self._customers.take_credit(order)
        self._remember(placement.key, order.order_id)
        self._orders[order.order_id] = order
        self._rows[order.order_id] = _Row(placement.flow, lease.owner, self._in(lease.seconds))
        self._timelines[order.order_id] = list(placement.entries)
        self.events.append((EventKind.PLACED, order))
        return None

    async def request_cancel(
        self,
        order_id: str,
        plan: Callable[[Order, Workflow], CancelPlan],
        key: RequestKey | None,
        lease: Lease,
    ) -> tuple[Work, Wish]:
        """Asks `plan` and writes its answer."""
        row = self._rows.get(order_id)
        if row is None:
            raise OrderNotFound(order_id)
        if key and await self.find_request(key):
            return Work(self._orders[order_id], row.flow), Wish.REPEATED
        made = plan(self._orders[order_id], row.flow)
        if key:
            self._remember(key, order_id)
        row.flow = made.flow
        if made.wish is Wish.OPENED:
            row.owner, row.claimable_at = lease.owner, self._in(lease.seconds)
        elif made.wish is Wish.MARKED and row.owner is None:
            row.claimable_at = self._clock.now()
        self._timelines[order_id] += made.entries
        return Work(self._orders[order_id], made.flow), made.wish

    async def load(self, order_id: str) -> Work | None:
        """The order and its workflow as they are."""
        order = self._orders.get(order_id)
        return Work(order, self._rows[order_id].flow) if order else None

    async def record(self, progress: Progress, lease: Lease) -> bool:
        """False and nothing when lease, wish to cancel or order are not what the writer knows."""
        order_id, flow = progress.order.order_id, progress.flow
        row, order = self._rows[order_id], self._orders[order_id]
        known = progress.flow_before.cancel_requested
        if (row.flow.lease, row.flow.status, row.flow.cancel_requested) != (flow.lease, Status.ACTIVE, known):
            return False
        if progress.order_changed and order.revision != progress.order_before.revision:
            return False
        kept = progress.retry_in_s is None and flow.active
        row.flow = flow if kept else replace(flow, lease=flow.lease + 1)
        row.owner = lease.owner if kept else None
        row.claimable_at = self._in(lease.seconds if kept else progress.retry_in_s or 0.0)
        self._timelines[order_id] += progress.entries
        if progress.order_changed:
            self._write(progress.order_before, progress.order)
        if progress.event:
            self.events.append((progress.event, progress.order))
        return True

    async def claim_due(self, limit: int, lease: Lease) -> Sequence[Work]:
        """Longest due first."""
        now = self._clock.now()
        due = [row for row in self._rows.values() if row.flow.active and row.claimable_at <= now]
        due.sort(key=lambda row: row.claimable_at)
        for row in due[:limit]:
            row.flow = replace(row.flow, lease=row.flow.lease + 1, attempt=row.flow.attempt + 1)
            row.owner, row.claimable_at = lease.owner, self._in(lease.seconds)
            self._timelines[row.flow.order_id].append(row.flow.entry(Note.STARTED, now))
        return [Work(self._orders[row.flow.order_id], row.flow) for row in due[:limit]]

    async def backlog(self) -> Backlog:
        """Counted on the spot."""
        flows = [row.flow for row in self._rows.values()]
        started = [flow.started_at for flow in flows if flow.active]
        oldest = (self._clock.now() - min(started)).total_seconds() if started else 0.0
        return Backlog(sum(flow.status is Status.PARKED for flow in flows), max(oldest, 0.0))

    async def change(
        self, order_id: str, decide: Callable[[Order], Order], event: EventKind | None = None
    ) -> Order | None:
        """As `OrderChanges.change`."""
        before = self._orders.get(order_id)
        if before is None:
            return None
        after = decide(before)
        if after is not before:
            self._write(before, after)
            if event and after.state is not before.state:
                self.events.append((event, after))
        return after

    def _write(self, before: Order, after: Order) -> None:
        self._orders[after.order_id] = after
        self._customers.follow(before, after)

    def _remember(self, key: RequestKey, order_id: str) -> None:
        self._keys[(key.caller, key.method, key.request_id)] = (key.body_hash, order_id)

    def _in(self, seconds: float) -> datetime:
        return self._clock.now() + timedelta(seconds=seconds)


def _newest(order: Order) -> tuple[datetime, str]:
    return order.created_at, order.order_id
