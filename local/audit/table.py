"""What the audit takes as law: the order's states and steps, and who hears of which event.

`local` imports no service, so these stand here a second time; `tests/contract/test_audit_table.py` compares them with the
order service's own tables and with the table of events.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

TRANSITIONS: Final[Mapping[str, frozenset[str]]] = {
    "PENDING": frozenset({"CONFIRMED", "REJECTED", "CANCELLED"}),
    "CONFIRMED": frozenset({"CANCELLING", "FULFILLED"}),
    "CANCELLING": frozenset({"CANCELLED"}),
    "REJECTED": frozenset(),
    "CANCELLED": frozenset(),
    "FULFILLED": frozenset(),
}
FIRST_STATE: Final = "PENDING"
UNSETTLED: Final = frozenset({"PENDING", "CANCELLING"})
"""Money or stock is still being moved for these."""
BOUGHT: Final = frozenset({"CONFIRMED", "FULFILLED"})
UNDONE: Final = frozenset({"REJECTED", "CANCELLED"})
BY_EVENT: Final = frozenset({"FULFILLED"})
"""Reached by another service's event, which the timeline does not tell of."""

FORWARD_STEPS: Final = ("reserve", "charge", "commit")
"""Steps that a confirmed order has behind it, in this order; while they fail the workflow turns round."""
STEPS: Final = frozenset(
    {*FORWARD_STEPS, "place", "confirm", "void", "refund", "release", "reject", "cancel"}
)
OUTCOMES: Final = frozenset({"started", "succeeded", "failed", "compensated", "retried"})
LAST_STEP: Final[Mapping[str, str]] = {
    "CONFIRMED": "confirm",
    "FULFILLED": "confirm",
    "REJECTED": "reject",
    "CANCELLED": "cancel",
}
"""State → the step that must have succeeded to reach it."""
MINOR_UNITS_PER_POINT: Final = 100

LISTENERS: Final[Mapping[str, frozenset[str]]] = {
    "notification-user": frozenset({"user.registered", "user.updated"}),
    "notification-order": frozenset({"order.confirmed", "order.rejected", "order.cancelled"}),
    "notification-payment": frozenset({"payment.refunded"}),
    "notification-shipping": frozenset({"shipping.dispatched", "shipping.delivered"}),
    "shipping-order": frozenset({"order.confirmed", "order.cancelled"}),
    "order-payment": frozenset({"payment.refunded"}),
    "order-shipping": frozenset({"shipping.created", "shipping.delivered"}),
    "cart-order": frozenset({"order.confirmed"}),
}
"""Durable consumer `<service>-<stream>` → the subjects it hears."""


def stream_of(consumer: str) -> str:
    """The producer whose events a consumer hears."""
    return consumer.partition("-")[2]


def service_of(consumer: str) -> str:
    """The service that a consumer belongs to."""
    return consumer.partition("-")[0]
