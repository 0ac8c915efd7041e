"""The store in memory, with the rules of the one in PostgreSQL; for tests and for running alone."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime

from shipping.app.ports import PageQuery, Queue
from shipping.domain.recipient import Recipient
from shipping.domain.shipment import Milestone, Shipment, State


@dataclass(slots=True)
class Tables:
    """All that is stored."""

    shipments: dict[str, Shipment] = field(default_factory=dict)
    stopped: set[str] = field(default_factory=set)
    recipients: dict[str, Recipient] = field(default_factory=dict)

    def copy(self) -> Tables:
        """A copy to work on; values are immutable."""
        return Tables(dict(self.shipments), set(self.stopped), dict(self.recipients))


class MemoryStore:
    """Implements the `Store` port; one transaction at a time. `published` keeps what was told."""

    def __init__(self) -> None:
        self._tables = Tables()
        self._lock = asyncio.Lock()
        self.published: list[tuple[Milestone, Shipment]] = []

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[MemoryTransaction]:
        """One transaction, undone when the block raises."""
        async with self._lock:
            tx = MemoryTransaction(self._tables.copy())
            yield tx
            self._tables = tx.tables
            self.published.extend(tx.told)

    async def get(self, shipment_id: str) -> Shipment | None:
        """One as it stands."""
        return self._tables.shipments.get(shipment_id)

    async def page(self, query: PageQuery) -> list[Shipment]:
        """Up to `limit`, newest first."""
        newest_first = sorted(self._tables.shipments.values(), key=lambda shipment: shipment.id, reverse=True)
        return [shipment for shipment in newest_first if _matches(shipment, query)][: query.limit]

    async def recipient(self, customer_id: str) -> Recipient | None:
        """The customer as a recipient."""
        return self._tables.recipients.get(customer_id)

    async def claim(self, queue: Queue, now: datetime, until: datetime, limit: int) -> list[Shipment]:
        """Takes what is due, the longest due first."""
        async with self._lock:
            waiting = [s for s in self._tables.shipments.values() if _waits(s, queue) and s.due_at <= now]
            claimed = []
            for shipment in sorted(waiting, key=lambda each: each.due_at)[:limit]:
                taken = replace(shipment, due_at=until)
                if queue is Queue.LABEL:
                    taken = replace(taken, label_attempts=taken.label_attempts + 1, label_in_doubt=True)
                self._tables.shipments[shipment.id] = taken
                claimed.append(replace(taken, label_in_doubt=shipment.label_in_doubt))
            return claimed

    async def oldest_unlabelled(self) -> datetime | None:
        """When the oldest shipment that waits for its label was made."""
        waiting = (s.created_at for s in self._tables.shipments.values() if _waits(s, Queue.LABEL))
        return min(waiting, default=None)


class MemoryTransaction:
    """Implements the `Transaction` port on a copy, which replaces the original at the end."""

    def __init__(self, tables: Tables) -> None:
        self.tables = tables
        self.told: list[tuple[Milestone, Shipment]] = []

    async def lock_order(self, order_id: str) -> None:
        """Nothing to do: there is one transaction at a time."""

    async def stop_order(self, order_id: str, now: datetime) -> None:
        """Remembers that this order gets no shipment."""
        self.tables.stopped.add(order_id)

    async def add(self, shipment: Shipment) -> bool:
        """Stores a new one, unless its order has one or was stopped."""
        if shipment.order_id in self.tables.stopped or await self.of_order(shipment.order_id) is not None:
            return False
        self.tables.shipments[shipment.id] = shipment
        return True

    async def of_order(self, order_id: str) -> Shipment | None:
        """The order's shipment."""
        return next((s for s in self.tables.shipments.values() if s.order_id == order_id), None)

    async def get_locked(self, shipment_id: str) -> Shipment | None:
        """One."""
        return self.tables.shipments.get(shipment_id)

    async def all_locked(self, shipment_ids: Sequence[str]) -> list[Shipment]:
        """Those that exist."""
        return [self.tables.shipments[each] for each in shipment_ids if each in self.tables.shipments]

    async def save(self, *shipments: Shipment) -> None:
        """Writes changed ones back; raises ValueError when one has another's tracking number."""
        self.tables.shipments.update({shipment.id: shipment for shipment in shipments})
        numbers = [each.tracking_number for each in self.tables.shipments.values() if each.tracking_number]
        if len(set(numbers)) < len(numbers):
            raise ValueError("a tracking number comes twice")

    async def recipient(self, customer_id: str) -> Recipient | None:
        """The customer as a recipient."""
        return self.tables.recipients.get(customer_id)

    async def put_recipient(self, recipient: Recipient) -> None:
        """Replaces the whole."""
        self.tables.recipients[recipient.customer_id] = recipient

    async def publish(self, *news: tuple[Milestone, Shipment]) -> None:
        """Keeps it for the end of the transaction."""
        self.told.extend(news)


def _matches(shipment: Shipment, query: PageQuery) -> bool:
    return (
        query.user_id in (None, shipment.user_id)
        and query.order_id in (None, shipment.order_id)
        and (query.before is None or shipment.id < query.before)
    )


def _waits(shipment: Shipment, queue: Queue) -> bool:
    if queue is Queue.VOID or shipment.void_requested:
        return queue is Queue.VOID and shipment.void_requested
    states = (State.PENDING,) if queue is Queue.LABEL else (State.LABELLED, State.DISPATCHED)
    return shipment.state in states
