"""The customer as sales sees them. Their figures are sums over their orders, kept by adding each change's difference."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from order.domain.money import Money
from order.domain.order import Order
from order.domain.states import BOUGHT, UNSETTLED

MINOR_UNITS_PER_POINT = 100
MAX_PURCHASES = 10


@dataclass(frozen=True, slots=True)
class Share:
    """What one order adds to its customer's figures, or the difference of two such shares; minor units."""

    open_amount: int = 0
    order_count: int = 0
    lifetime_value: int = 0
    loyalty_points: int = 0

    def __sub__(self, other: Share) -> Share:
        return Share(
            self.open_amount - other.open_amount,
            self.order_count - other.order_count,
            self.lifetime_value - other.lifetime_value,
            self.loyalty_points - other.loyalty_points,
        )


NOTHING = Share()


def share_of(order: Order) -> Share:
    """Unsettled orders count against the credit limit, bought ones as value (less refunds) and points."""
    if order.state in UNSETTLED:
        return Share(open_amount=order.total.minor)
    if order.state in BOUGHT:
        return Share(
            order_count=1,
            lifetime_value=order.total.minor - order.refunded.minor,
            loyalty_points=order.total.minor // MINOR_UNITS_PER_POINT,
        )
    return NOTHING


@dataclass(frozen=True, slots=True)
class Purchase:
    """One entry of the purchase history."""

    order_id: str
    total: Money
    time: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Customer:
    """Credit limit, what of it is in use, and what was bought; `purchases` the newest 10, newest first."""

    user_id: str
    credit_limit: Money
    open_amount: Money
    order_count: int = 0
    lifetime_value: Money
    loyalty_points: int = 0
    last_order_at: datetime | None = None
    purchases: tuple[Purchase, ...] = ()
