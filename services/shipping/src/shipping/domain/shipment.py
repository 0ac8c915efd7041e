"""The parcel of one order: its states, and what leads from one to the next."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum

from shipping.domain.errors import IllegalTransition

MAX_LABEL_BACKOFF_S = 30
REFUSED_BACKOFF_S = 300


class State(StrEnum):
    """How a parcel stands."""

    PENDING = "pending"
    LABELLED = "labelled"
    DISPATCHED = "dispatched"
    DELIVERED = "delivered"
    VOIDED = "voided"


class Speed(StrEnum):
    """How fast a parcel goes."""

    STANDARD = "standard"
    EXPRESS = "express"


class Milestone(StrEnum):
    """What the rest of the shop hears of."""

    CREATED = "created"
    DISPATCHED = "dispatched"
    DELIVERED = "delivered"


# The one table of what may follow what. A poll may miss the pick-up: a labelled parcel is found delivered.
TRANSITIONS: dict[State, frozenset[State]] = {
    State.PENDING: frozenset({State.LABELLED, State.VOIDED}),
    State.LABELLED: frozenset({State.DISPATCHED, State.DELIVERED, State.VOIDED}),
    State.DISPATCHED: frozenset({State.DELIVERED}),
    State.DELIVERED: frozenset(),
    State.VOIDED: frozenset(),
}

# What the carrier says → the state it means.
CARRIER_STATES = {
    "label_created": State.LABELLED,
    "picked_up": State.DISPATCHED,
    "in_transit": State.DISPATCHED,
    "delivered": State.DELIVERED,
    "voided": State.VOIDED,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Address:
    """Where a parcel goes. Personal data: never logged."""

    recipient_name: str
    address_lines: tuple[str, ...]
    city: str
    postal_code: str
    country_code: str
    administrative_area: str = ""


@dataclass(frozen=True, slots=True)
class TrackingEvent:
    """What the carrier told, and when it happened."""

    status: str
    time: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Shipment:
    """One parcel. Every change makes a new value and sets `due_at`, when a worker looks at it next.

    `label_in_doubt`: the carrier was asked for a label, and whether it made one is not known.
    `void_requested`: it is to be stopped, and the carrier has to agree.
    """

    id: str
    order_id: str
    user_id: str
    speed: Speed
    weight_grams: int
    destination: Address
    created_at: datetime
    updated_at: datetime
    due_at: datetime
    state: State = State.PENDING
    tracking_number: str | None = None
    label_url: str = ""
    tracking_events: tuple[TrackingEvent, ...] = ()
    label_attempts: int = 0
    label_in_doubt: bool = False
    void_requested: bool = False

    @property
    def has_left(self) -> bool:
        """Whether it is too late to stop it."""
        return self.state in (State.DISPATCHED, State.DELIVERED)

    @property
    def known_to_carrier(self) -> bool:
        """Whether the carrier has, or may have, a label for it."""
        return self.tracking_number is not None or self.label_in_doubt

    def labelled(self, tracking_number: str, label_url: str, now: datetime) -> Shipment:
        """With the label that the carrier made."""
        moved = self._to(State.LABELLED, now)
        told = (*self.tracking_events, TrackingEvent("label_created", now))
        return replace(
            moved,
            tracking_number=tracking_number,
            label_url=label_url,
            tracking_events=told,
            label_in_doubt=False,
        )

    def label_failed(self, now: datetime, *, in_doubt: bool, refused: bool) -> Shipment:
        """Still without a label: tried again after 2, 4, 8, 16, 30, 30 … s, or 300 s when it was refused."""
        wait_s = REFUSED_BACKOFF_S if refused else min(2 ** min(self.label_attempts, 10), MAX_LABEL_BACKOFF_S)
        return replace(self, label_in_doubt=in_doubt, due_at=now + timedelta(seconds=wait_s))

    def to_be_voided(self, now: datetime) -> Shipment:
        """Marked to be stopped once the carrier agrees."""
        return replace(self, void_requested=True, updated_at=now, due_at=now)

    def not_voided(self, now: datetime) -> Shipment:
        """Back on its way: the carrier says that it has left."""
        return replace(self, void_requested=False, updated_at=now, due_at=now)

    def voided(self, now: datetime) -> Shipment:
        """Stopped."""
        return replace(self._to(State.VOIDED, now), void_requested=False, label_in_doubt=False)

    def tracked(self, status: str, time: datetime, now: datetime) -> tuple[Shipment, tuple[Milestone, ...]]:
        """As the carrier tells it, and the milestones passed; a status known or unheard of changes nothing."""
        target = CARRIER_STATES.get(status)
        known = any(event.status == status for event in self.tracking_events)
        if target is None or known or (target != self.state and target not in TRANSITIONS[self.state]):
            return self, ()
        told = (*self.tracking_events, TrackingEvent(status, time))
        if target == self.state:
            return replace(self, tracking_events=told, updated_at=now), ()
        moved = replace(self._to(target, now), tracking_events=told, due_at=self.due_at)
        return moved, _milestones(self.state, target)

    def _to(self, target: State, now: datetime) -> Shipment:
        if target not in TRANSITIONS[self.state]:
            raise IllegalTransition(self.state, target)
        return replace(self, state=target, updated_at=now, due_at=now)


def _milestones(before: State, after: State) -> tuple[Milestone, ...]:
    passed = []
    if before == State.LABELLED and after in (State.DISPATCHED, State.DELIVERED):
        passed.append(Milestone.DISPATCHED)
    if after == State.DELIVERED:
        passed.append(Milestone.DELIVERED)
    return tuple(passed)
