"""The steps of an order's workflow as one table: what follows each, what undoes it, what its refusals mean.

    place    reserve -> charge -> commit -> (confirm)
    undo                refund -> release -> (reject | cancel)       what was started, in reverse
    cancel   void -> refund -> release -> (cancel)                   of a confirmed order

Steps in brackets are no calls: they are the transaction that ends the workflow.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final


class Step(StrEnum):
    """Named as the timeline shows them."""

    PLACE = "place"
    RESERVE = "reserve"
    CHARGE = "charge"
    COMMIT = "commit"
    CONFIRM = "confirm"
    VOID = "void"
    REFUND = "refund"
    RELEASE = "release"
    REJECT = "reject"
    CANCEL = "cancel"


@dataclass(frozen=True, slots=True)
class Refusal:
    """A definite no of an upstream.

    `rejection` is the order's reason then. `spares` are compensations that the refusal makes needless; with
    `first_try_only` they are needless only when no earlier try may still arrive.
    """

    rejection: str
    spares: frozenset[Step] = frozenset()
    first_try_only: bool = False


@dataclass(frozen=True, slots=True)
class Rule:
    """`then`: the step after success. `undo`: the compensation due from the moment the step is started.

    `undoes`: for a compensation, the step whose effect it takes back.
    """

    then: Step | None = None
    undo: Step | None = None
    undoes: Step | None = None
    refusals: Mapping[str, Refusal] = field(default_factory=dict)

    @property
    def forward(self) -> bool:
        """Whether the workflow may turn round instead of retrying this step."""
        return self.then is not None


_RELEASE: Final = frozenset({Step.RELEASE})
_REFUND: Final = frozenset({Step.REFUND})

RULES: Final[Mapping[Step, Rule]] = {
    Step.RESERVE: Rule(
        then=Step.CHARGE,
        undo=Step.RELEASE,
        refusals={
            # An earlier try whose answer was lost may still arrive after this one: then a release closes the order for it.
            "OUT_OF_STOCK": Refusal("OUT_OF_STOCK", _RELEASE, first_try_only=True),
            "RESERVATION_ENDED": Refusal("RESERVATION_EXPIRED", _RELEASE),
        },
    ),
    Step.CHARGE: Rule(
        then=Step.COMMIT,
        undo=Step.REFUND,
        refusals={
            "PAYMENT_DECLINED": Refusal("PAYMENT_DECLINED", _REFUND),
            "PAYMENT_FAILED": Refusal("PAYMENT_FAILED", _REFUND),
        },
    ),
    Step.COMMIT: Rule(
        then=Step.CONFIRM,
        refusals={
            "RESERVATION_ENDED": Refusal("RESERVATION_EXPIRED", _RELEASE),
            "RESERVATION_NOT_FOUND": Refusal("RESERVATION_EXPIRED", _RELEASE),
        },
    ),
    Step.VOID: Rule(),
    Step.REFUND: Rule(undoes=Step.CHARGE),
    Step.RELEASE: Rule(undoes=Step.RESERVE),
}

FIRST_STEP: Final = Step.RESERVE
# What a confirmed order holds: undone from the end.
HELD_BY_CONFIRMED: Final = (Step.RELEASE, Step.REFUND)
# Shipping's answer when a parcel has left.
TOO_LATE: Final = "SHIPMENT_DISPATCHED"


@dataclass(frozen=True, slots=True)
class Done:
    """The step has had its effect, now or in an earlier try."""

    payment_id: str = ""
    # All that was paid back of the order, in its minor units; None when the step tells nothing of it.
    refunded_minor: int | None = None


@dataclass(frozen=True, slots=True)
class Refused:
    """The step has no effect, and trying again would not change that."""

    reason: str


@dataclass(frozen=True, slots=True)
class Unclear:
    """The step may or may not have had its effect; the same call again will tell."""

    reason: str


Outcome = Done | Refused | Unclear
