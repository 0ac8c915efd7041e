"""An order and its lines; every change of state goes through the table of `order.domain.states`."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum

from order.domain.money import Money, total_of
from order.domain.states import OrderState, moved


class Speed(StrEnum):
    """How fast a parcel goes."""

    STANDARD = "STANDARD"
    EXPRESS = "EXPRESS"


@dataclass(frozen=True, slots=True)
class Item:
    """A product and how many units of it, 1 to 99."""

    product_id: str
    quantity: int


@dataclass(frozen=True, slots=True)
class OrderLine:
    """One product at the name and price at which it was bought; `unit_weight_grams` for one unit."""

    product_id: str
    name: str
    quantity: int
    unit_price: Money
    unit_weight_grams: int

    @property
    def total(self) -> Money:
        """Unit price x quantity."""
        return self.unit_price.times(self.quantity)


@dataclass(frozen=True, slots=True, repr=False)
class Address:
    """Where the parcel goes. Personal data: it has no representation, so that none gets into a log."""

    recipient_name: str
    address_lines: tuple[str, ...]
    city: str
    postal_code: str
    country_code: str
    administrative_area: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """A purchase. `revision` goes up with each write and guards against lost updates."""

    order_id: str
    user_id: str
    state: OrderState
    lines: tuple[OrderLine, ...]
    shipping_price: Money
    refunded: Money
    address: Address
    speed: Speed
    payment_id: str = ""
    shipment_id: str = ""
    rejection_reason: str = ""
    created_at: datetime
    updated_at: datetime
    confirmed_at: datetime | None = None
    revision: int = 1

    def __post_init__(self) -> None:
        if not self.lines:
            raise ValueError("an order has at least one line")

    @property
    def currency(self) -> str:
        """The currency of every amount in it."""
        return self.shipping_price.currency

    @property
    def subtotal(self) -> Money:
        """Sum of the lines."""
        return total_of((line.total for line in self.lines), self.currency)

    @property
    def total(self) -> Money:
        """What was or will be charged."""
        return self.subtotal + self.shipping_price

    def confirmed(self, now: datetime) -> Order:
        """Paid, and its stock sold."""
        return replace(self._moved(OrderState.CONFIRMED, now), confirmed_at=now)

    def rejected(self, reason: str, now: datetime) -> Order:
        """Not possible, for `reason` (UPPER_SNAKE)."""
        return replace(self._moved(OrderState.REJECTED, now), rejection_reason=reason)

    def cancelling(self, now: datetime) -> Order:
        """No parcel will leave; money and stock are on their way back."""
        return self._moved(OrderState.CANCELLING, now)

    def cancelled(self, now: datetime) -> Order:
        """Nothing is held any more."""
        return self._moved(OrderState.CANCELLED, now)

    def fulfilled(self, now: datetime) -> Order:
        """Delivered."""
        return self._moved(OrderState.FULFILLED, now)

    def charged(self, payment_id: str, now: datetime) -> Order:
        """Its payment is known."""
        return replace(self, payment_id=payment_id, updated_at=now, revision=self.revision + 1)

    def shipped_as(self, shipment_id: str, now: datetime) -> Order:
        """Its shipment is known."""
        return replace(self, shipment_id=shipment_id, updated_at=now, revision=self.revision + 1)

    def refunded_to(self, refunded: Money, now: datetime) -> Order:
        """`refunded` has been paid back in all; less than is known already changes nothing."""
        most = self.refunded.most(refunded)
        if most == self.refunded:
            return self
        return replace(self, refunded=most, updated_at=now, revision=self.revision + 1)

    def _moved(self, target: OrderState, now: datetime) -> Order:
        return replace(self, state=moved(self.state, target), updated_at=now, revision=self.revision + 1)
