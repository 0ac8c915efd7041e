"""What is judged: all that the books say of one order, product, customer, event, message, key, consumer or dead letter.

A part that no book has is missing (empty tuple or None). Amounts are minor units of the currency beside them.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime

from local.audit.table import UNSETTLED

LONG_AGO = datetime(1970, 1, 1, tzinfo=UTC)


def latest(times: Iterable[datetime | None]) -> datetime:
    """The newest of the times that are known."""
    return max((time for time in times if time is not None), default=LONG_AGO)


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """A row of the order service with the sums of its lines; `items` is `product:quantity,…` by product."""

    user_id: str
    state: str
    currency: str
    items: str
    lines_minor: int
    subtotal_minor: int
    shipping_minor: int
    total_minor: int
    refunded_minor: int
    payment_id: str
    shipment_id: str
    rejection_reason: str
    was_confirmed: bool
    placed_at: datetime
    changed_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Workflow:
    """How an order's workflow stands: `active`, `parked` or `done`."""

    status: str
    step: str
    parked_reason: str
    step_started_at: datetime


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of an order's timeline; `state` is the order's after it."""

    step: str
    outcome: str
    state: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Reservation:
    """Units that inventory set aside for an order; `items` as an order has them."""

    state: str
    items: str
    expires_at: datetime
    changed_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Refund:
    """What payment paid back, or is about to."""

    refund_id: str
    state: str
    amount_minor: int
    created_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Payment:
    """An order's payment; `charge_id` is the provider's, empty when there is none."""

    payment_id: str
    state: str
    currency: str
    amount_minor: int
    refunded_minor: int
    charge_id: str
    created_at: datetime
    changed_at: datetime
    refunds: tuple[Refund, ...] = ()

    @property
    def taken_minor(self) -> int:
        """What the charge took; a FAILED one with a charge's id was charged late."""
        return self.amount_minor if self.state != "DECLINED" and self.charge_id else 0

    @property
    def paid_back_minor(self) -> int:
        """What has been paid back."""
        return sum(each.amount_minor for each in self.refunds if each.state == "SUCCEEDED")

    @property
    def moving(self) -> bool:
        """Whether the provider's answer to something is not known."""
        return self.state == "PENDING" or any(each.state == "PENDING" for each in self.refunds)


@dataclass(frozen=True, slots=True, kw_only=True)
class ChargeRefund:
    """A refund in the provider's ledger; `key` is the idempotency key it came with."""

    key: str
    amount_minor: int
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Charge:
    """A charge in the provider's ledger."""

    charge_id: str
    key: str
    status: str
    currency: str
    amount_minor: int
    at: datetime
    refunds: tuple[ChargeRefund, ...] = ()

    @property
    def succeeded(self) -> bool:
        """Whether it took money."""
        return self.status == "succeeded"

    @property
    def refunded_minor(self) -> int:
        """What was given back of it."""
        return sum(each.amount_minor for each in self.refunds)


@dataclass(frozen=True, slots=True, kw_only=True)
class Label:
    """A parcel in the carrier's ledger."""

    number: str
    status: str
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Shipment:
    """A row of shipping."""

    shipment_id: str
    state: str
    number: str
    void_requested: bool
    created_at: datetime
    changed_at: datetime

    @property
    def moving(self) -> bool:
        """Whether a label is to be bought or taken back."""
        return self.state == "pending" or self.void_requested


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """One message about an order to its buyer."""

    template: str
    channel: str
    state: str
    changed_at: datetime

    @property
    def moving(self) -> bool:
        """Whether it is still to be sent."""
        return self.state in {"PENDING", "SENDING"}


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderCase:
    """Everything about one order; `events` are the subjects in order's outbox, in their order."""

    id: str
    order: Order | None = None
    workflow: Workflow | None = None
    timeline: tuple[Entry, ...] = ()
    events: tuple[str, ...] = ()
    reservations: tuple[Reservation, ...] = ()
    payments: tuple[Payment, ...] = ()
    charges: tuple[Charge, ...] = ()
    shipments: tuple[Shipment, ...] = ()
    told: tuple[Told, ...] = ()

    @property
    def changed_at(self) -> datetime:
        """When something about it changed last."""
        return latest(self._times())

    def _times(self) -> Iterator[datetime | None]:
        yield self.order.changed_at if self.order else None
        for parts in (self.reservations, self.payments, self.shipments, self.told):
            yield from (part.changed_at for part in parts)
        for charge in self.charges:
            yield charge.at
            yield from (refund.at for refund in charge.refunds)

    @property
    def settled(self) -> Order | None:
        """The order, when its workflow has come to an end; None while it moves or waits for an operator."""
        done = self.workflow is None or self.workflow.status == "done"
        return self.order if self.order and done and self.order.state not in UNSETTLED else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Levels:
    """A product's levels in units."""

    received: int
    on_hand: int
    reserved: int
    sold: int
    restocked: int


@dataclass(frozen=True, slots=True, kw_only=True)
class StockCase:
    """A product: its levels, the units its movements add up to by cause, and the units that reservations and orders say.

    `moving_orders` counts orders for it that are not settled.
    """

    id: str
    levels: Levels | None = None
    moved: Mapping[str, int] = field(default_factory=dict)
    held_units: int = 0
    sold_units: int = 0
    restocked_units: int = 0
    ordered_units: int = 0
    moving_orders: int = 0
    changed_at: datetime = LONG_AGO


@dataclass(frozen=True, slots=True, kw_only=True)
class Totals:
    """A customer's figures; amounts in minor units."""

    open_amount: int
    order_count: int
    lifetime_value: int
    loyalty_points: int


@dataclass(frozen=True, slots=True, kw_only=True)
class CustomerCase:
    """A customer as sales keep them, and as their orders add up."""

    id: str
    kept: Totals
    summed: Totals
    changed_at: datetime = LONG_AGO


@dataclass(frozen=True, slots=True, kw_only=True)
class EventCase:
    """One event of a producer, by its id.

    `sequences` are its places in the stream. `effects` are the consumers whose inbox has it, `letters` those that gave it
    up, `passed` those that should have heard it and have acknowledged everything up to it. `kept` says that the stream
    must still have it, `listed` that the outbox must.
    """

    id: str
    producer: str
    subject: str = ""
    in_outbox: bool = False
    created_at: datetime = LONG_AGO
    published_at: datetime | None = None
    sequences: tuple[int, ...] = ()
    kept: bool = True
    listed: bool = True
    effects: frozenset[str] = frozenset()
    letters: frozenset[str] = frozenset()
    passed: frozenset[str] = frozenset()

    @property
    def changed_at(self) -> datetime:
        """When it was published, or written as long as it is not."""
        return self.published_at or self.created_at


@dataclass(frozen=True, slots=True, kw_only=True)
class ParcelCase:
    """A parcel by its shipment's id: as shipping has it, and the carrier's labels for it."""

    id: str
    shipment: Shipment | None = None
    labels: tuple[Label, ...] = ()

    @property
    def changed_at(self) -> datetime:
        """When something about it changed last."""
        shipped = self.shipment.changed_at if self.shipment else None
        return latest((shipped, *(label.at for label in self.labels)))


@dataclass(frozen=True, slots=True, kw_only=True)
class MessageCase:
    """One message to one person: as notification has it, and how often the provider of its channel took it."""

    id: str
    channel: str = ""
    state: str = ""
    twins: int = 1
    """Messages of this channel about the same event, this one included."""
    taken: int = 0
    repeated: int = 0
    """Copies beyond the first of a mail under one and the same Message-ID; `taken` does not count them."""
    forgotten: bool = False
    """The provider's ledger does not go back that far."""
    created_at: datetime = LONG_AGO
    changed_at: datetime = LONG_AGO


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyCase:
    """A kept answer to an idempotency key, the thing it tells of, and whether that is there."""

    id: str
    service: str
    points_to: str
    exists: bool
    changed_at: datetime = LONG_AGO


@dataclass(frozen=True, slots=True, kw_only=True)
class ConsumerCase:
    """A durable consumer: events it has not been given or not acknowledged, and how old the oldest of them may be."""

    id: str
    exists: bool = True
    waiting: int = 0
    unacknowledged: int = 0
    behind_since: datetime | None = None
    changed_at: datetime = LONG_AGO


@dataclass(frozen=True, slots=True, kw_only=True)
class LetterCase:
    """A dead letter, by its sequence; `had_effect` says that the event has been applied since."""

    id: str
    event_id: str
    consumer: str
    subject: str
    reason: str
    had_effect: bool
    changed_at: datetime = LONG_AGO


Case = (
    OrderCase
    | StockCase
    | CustomerCase
    | ParcelCase
    | MessageCase
    | KeyCase
    | EventCase
    | ConsumerCase
    | LetterCase
)
