"""How an order stands and where it may go from there: the one table of transitions.

The trigger in `migrations/0002_order.sql` holds the same table; a test compares the two pair by pair.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import Final

from order.domain.errors import IllegalTransition


class OrderState(StrEnum):
    """Named as in the contract, without its prefix."""

    PENDING = "PENDING"
    CONFIRMED = "CONFIRMED"
    REJECTED = "REJECTED"
    CANCELLING = "CANCELLING"
    CANCELLED = "CANCELLED"
    FULFILLED = "FULFILLED"


TRANSITIONS: Final[Mapping[OrderState, frozenset[OrderState]]] = {
    OrderState.PENDING: frozenset({OrderState.CONFIRMED, OrderState.REJECTED, OrderState.CANCELLED}),
    OrderState.CONFIRMED: frozenset({OrderState.CANCELLING, OrderState.FULFILLED}),
    OrderState.CANCELLING: frozenset({OrderState.CANCELLED}),
    OrderState.REJECTED: frozenset(),
    OrderState.CANCELLED: frozenset(),
    OrderState.FULFILLED: frozenset(),
}

# Money or stock is still being moved for these.
UNSETTLED: Final = frozenset({OrderState.PENDING, OrderState.CANCELLING})
# These count as purchases.
BOUGHT: Final = frozenset({OrderState.CONFIRMED, OrderState.FULFILLED})


def moved(source: OrderState, target: OrderState) -> OrderState:
    """`target`, when the table lets an order go there from `source`; else IllegalTransition."""
    if target not in TRANSITIONS[source]:
        raise IllegalTransition(source, target)
    return target
