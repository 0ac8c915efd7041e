"""What the use cases need from outside: a transactional store and the carrier."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Protocol

from shipping.domain.recipient import Recipient
from shipping.domain.shipment import Milestone, Shipment


class Clock(Protocol):
    """Tells the time."""

    def now(self) -> datetime:
        """Aware UTC."""
        ...


class Report(Protocol):
    """Tells the operator that something needs a look: ids and reasons, no payloads."""

    def __call__(self, event: str, **fields: str | int) -> None:
        """One line."""
        ...


class Queue(StrEnum):
    """Which work waits; a shipment is in at most one queue."""

    LABEL = "label"
    TRACK = "track"
    VOID = "void"


@dataclass(frozen=True, slots=True)
class Label:
    """What the carrier sold."""

    tracking_number: str
    url: str


@dataclass(frozen=True, slots=True)
class Tracking:
    """Where the carrier says a parcel is, and since when."""

    status: str
    time: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class PageQuery:
    """Newest first; `before` is the last shipment id of the page before. None means no restriction."""

    user_id: str | None
    order_id: str | None
    before: str | None
    limit: int


class Transaction(Protocol):
    """Changes that commit together; nothing is seen by others before the block ends well."""

    async def lock_order(self, order_id: str) -> None:
        """Keeps everyone else who makes or stops this order's shipment waiting until the transaction ends."""
        ...

    async def stop_order(self, order_id: str, now: datetime) -> None:
        """Remembers that this order gets no shipment; repeating it is no error."""
        ...

    async def add(self, shipment: Shipment) -> bool:
        """Stores a new one, unless its order has one or was stopped; whether it did."""
        ...

    async def of_order(self, order_id: str) -> Shipment | None:
        """The order's shipment, locked until the transaction ends."""
        ...

    async def get_locked(self, shipment_id: str) -> Shipment | None:
        """One, locked until the transaction ends: read this before `save`."""
        ...

    async def all_locked(self, shipment_ids: Sequence[str]) -> list[Shipment]:
        """Those that exist, as `get_locked` reads them, in one round trip."""
        ...

    async def save(self, *shipments: Shipment) -> None:
        """Writes changed ones back, in one round trip."""
        ...

    async def recipient(self, customer_id: str) -> Recipient | None:
        """The customer as a recipient, None when nothing was ever set."""
        ...

    async def put_recipient(self, recipient: Recipient) -> None:
        """Replaces the whole."""
        ...

    async def publish(self, *news: tuple[Milestone, Shipment]) -> None:
        """Tells the world in this order, if the transaction commits."""
        ...


class Store(Protocol):
    """Reads, claims and transactions."""

    def transaction(self) -> AbstractAsyncContextManager[Transaction]:
        """Commits when the block ends well, rolls back when it raises."""
        ...

    async def get(self, shipment_id: str) -> Shipment | None:
        """One as it stands."""
        ...

    async def page(self, query: PageQuery) -> list[Shipment]:
        """Up to `limit`, newest first."""
        ...

    async def recipient(self, customer_id: str) -> Recipient | None:
        """The customer as a recipient, None when nothing was ever set."""
        ...

    async def claim(self, queue: Queue, now: datetime, until: datetime, limit: int) -> list[Shipment]:
        """Takes up to `limit` that are due and that no one else is taking, the longest due first.

        No one else gets them before `until`. From LABEL they come with one attempt more, and are stored as
        in doubt before the carrier is asked; what is returned says whether they were in doubt before.
        """
        ...

    async def oldest_unlabelled(self) -> datetime | None:
        """When the oldest shipment that waits for its label was made."""
        ...


class Carrier(Protocol):
    """Who moves parcels. All raise CarrierUnavailable; the first two also CarrierRefused."""

    async def buy_label(self, shipment: Shipment) -> Label:
        """The label of this shipment; asking again gives the same one."""
        ...

    async def void(self, tracking_number: str) -> bool:
        """Takes a label back; False when the parcel has left."""
        ...

    async def trackings(self, tracking_numbers: Sequence[str]) -> Mapping[str, Tracking]:
        """Where parcels are (up to 200 numbers), by number; those the carrier does not know are missing."""
        ...
