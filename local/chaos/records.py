"""What a run remembers: every try of every request, every order that was promised, every fault."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final, Literal

from local.chaos.kinds import Strike

What = Literal["order", "browse", "cart", "cancel", "refund", "restock", "session"]
TURNED_AWAY: Final = frozenset({401, 408, 429})
"""Refusals that say nothing about the request itself."""


@dataclass(frozen=True, slots=True)
class Try:
    """One HTTP request. Seconds since the start of the run; status 0 means that no answer came."""

    at_s: float
    took_s: float
    status: int
    code: str = ""
    """The problem's code, or what was wrong with the connection."""

    @property
    def served(self) -> bool:
        """Whether the shop did its work: it answered, even if the answer was no."""
        return 0 < self.status < 500 and self.status not in TURNED_AWAY and not self.under_way

    @property
    def under_way(self) -> bool:
        """Whether an earlier request with the same key is still being worked on."""
        return self.status == 409 and self.code in {"ABORTED", "REQUEST_IN_PROGRESS"}


@dataclass(slots=True)
class Request:
    """What a client wanted, with all tries it took."""

    what: What
    began_s: float
    tries: list[Try] = field(default_factory=list)
    ended_s: float = 0.0

    @property
    def served(self) -> bool:
        """Whether the client got what it asked for, or a reason why not."""
        return bool(self.tries) and self.tries[-1].served

    @property
    def status(self) -> int:
        """Of the last try."""
        return self.tries[-1].status if self.tries else 0


@dataclass(slots=True)
class Placed:
    """An order as the shop told it last; without an id as long as no answer has come."""

    key: str
    customer: int
    body: Mapping[str, object]
    order_id: str = ""
    told: str = ""
    """The state, such as ORDER_STATE_CONFIRMED."""
    told_at_s: float = 0.0
    may_be_cancelled: bool = False
    """Its customer has asked for that."""


@dataclass(slots=True)
class Struck:
    """A fault as it happened; `trouble` is why it could not be done or undone."""

    strike: Strike
    began_s: float
    ended_s: float
    trouble: str = ""
    recovery_s: float | None = None
    """From its end until orders went well again; None when that was not seen before the next fault."""


@dataclass(slots=True)
class Records:
    """Everything of one run."""

    requests: list[Request] = field(default_factory=list)
    orders: list[Placed] = field(default_factory=list)
    struck: list[Struck] = field(default_factory=list)
    odd: list[str] = field(default_factory=list)
    """Answers that must never be given, in words."""

    def tries(self, what: What) -> list[Try]:
        """All tries of one kind of request, by their start."""
        found = [each for request in self.requests if request.what == what for each in request.tries]
        return sorted(found, key=lambda each: each.at_s)
