"""Units set aside for one order, and what may become of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum
from typing import Final

from inventory.domain.errors import ReservationEnded


class State(StrEnum):
    """How a reservation stands."""

    HELD = "held"
    COMMITTED = "committed"
    RELEASED = "released"
    EXPIRED = "expired"
    RESTOCKED = "restocked"


TRANSITIONS: Final[Mapping[State, frozenset[State]]] = {
    State.HELD: frozenset({State.COMMITTED, State.RELEASED, State.EXPIRED}),
    State.COMMITTED: frozenset({State.RESTOCKED}),
    State.RELEASED: frozenset(),
    State.EXPIRED: frozenset(),
    State.RESTOCKED: frozenset(),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Reservation:
    """One for each order; `items` maps product to units."""

    order_id: str
    state: State
    expires_at: datetime
    created_at: datetime
    updated_at: datetime
    items: Mapping[str, int] = field(default_factory=dict)

    @property
    def ended(self) -> bool:
        """Whether its units are no longer the order's."""
        return self.state not in {State.HELD, State.COMMITTED}

    def expired(self, now: datetime) -> bool:
        """Whether it is held beyond its time."""
        return self.state is State.HELD and self.expires_at <= now

    def become(self, state: State, now: datetime) -> Reservation:
        """The reservation in its next state. Raises ReservationEnded when the table does not allow it."""
        if state not in TRANSITIONS[self.state]:
            raise ReservationEnded(self.order_id, self.state)
        return replace(self, state=state, updated_at=now)
