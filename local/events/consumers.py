"""Which durable consumers there are, and what each does when an event comes to it again.

An event that comes again is a duplicate to the consumer's memory, its inbox rows, and has no effect. This table says what
would happen without that memory: whether the handler itself, by what it has written, makes a second effect impossible.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from types import MappingProxyType
from typing import Final

from local.errors import LocalError
from local.topology import unknown_name


@dataclass(frozen=True, slots=True)
class Reaction:
    """Whether an event of one subject may be applied once more after its inbox row was forgotten, and why (not)."""

    again: bool
    why: str


@dataclass(frozen=True, slots=True)
class Consumer:
    """A durable consumer `<service>-<stream in lower case>` by the subjects it hears.

    `memory` is how long it remembers what it has applied; None is longer than its stream keeps an event.
    """

    name: str
    reactions: Mapping[str, Reaction]
    memory: timedelta | None = None

    @property
    def service(self) -> str:
        """Whose consumer it is."""
        return self.name.partition("-")[0]

    @property
    def stream(self) -> str:
        """The stream that it reads."""
        return self.name.partition("-")[2].upper()

    @property
    def forgettable(self) -> tuple[str, ...]:
        """Subjects whose events may be forgotten, in order. Raises LocalError with the reasons when there are none."""
        subjects = tuple(sorted(subject for subject, each in self.reactions.items() if each.again))
        if not subjects:
            reasons = "; ".join(f"{subject}: {each.why}" for subject, each in sorted(self.reactions.items()))
            raise LocalError(
                f"{self.name} may not forget: {reasons}. Without --forget, what was lost is repaired"
            )
        return subjects


_SECOND_MESSAGE: Final = Reaction(
    again=False,
    why="(event, channel) is unique, but whoever has chosen another channel since would get an old message there",
)


def _consumer(name: str, memory: timedelta | None = None, **reactions: Reaction) -> Consumer:
    named = {subject.replace("__", "."): reaction for subject, reaction in reactions.items()}
    return Consumer(name, MappingProxyType(named), memory)


_ALL: Final = (
    _consumer(
        "cart-order",
        memory=timedelta(days=8),
        order__confirmed=Reaction(
            again=False, why="what was bought would be taken out of whatever lies in the cart now"
        ),
    ),
    _consumer(
        "order-payment",
        payment__refunded=Reaction(
            again=True, why="the event tells the sum of all refunds, and the most that was told counts"
        ),
    ),
    _consumer(
        "order-shipping",
        shipping__created=Reaction(again=True, why="an order has one shipment, and its id is known already"),
        shipping__delivered=Reaction(again=True, why="only a CONFIRMED order becomes FULFILLED"),
    ),
    _consumer(
        "shipping-order",
        order__confirmed=Reaction(
            again=False,
            why="one shipment for each order is kept by its row, but where a row was lost the carrier may have its parcel,"
            " and a new shipment would be a second one",
        ),
        order__cancelled=Reaction(again=True, why="a shipment that is voided or has left stays as it is"),
    ),
    _consumer(
        "notification-user",
        user__registered=Reaction(again=False, why=f"it is also the welcome: {_SECOND_MESSAGE.why}"),
        user__updated=Reaction(again=True, why="a contact is replaced by a newer one only"),
    ),
    _consumer(
        "notification-order",
        order__confirmed=_SECOND_MESSAGE,
        order__rejected=_SECOND_MESSAGE,
        order__cancelled=_SECOND_MESSAGE,
    ),
    _consumer("notification-payment", payment__refunded=_SECOND_MESSAGE),
    _consumer(
        "notification-shipping", shipping__dispatched=_SECOND_MESSAGE, shipping__delivered=_SECOND_MESSAGE
    ),
)
CONSUMERS: Final[Mapping[str, Consumer]] = MappingProxyType({each.name: each for each in _ALL})


def consumer(name: str) -> Consumer:
    """The consumer of that name; LocalError with the nearest one when there is none."""
    if name not in CONSUMERS:
        raise unknown_name("consumer", name, CONSUMERS)
    return CONSUMERS[name]
