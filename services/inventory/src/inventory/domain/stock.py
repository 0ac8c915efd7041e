"""The levels of one product. At any time: received + restocked = on_hand + reserved + sold."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum


class Cause(StrEnum):
    """Why units moved."""

    RECEIVED = "received"
    ADJUSTED = "adjusted"
    RESERVED = "reserved"
    COMMITTED = "committed"
    RELEASED = "released"
    EXPIRED = "expired"
    RESTOCKED = "restocked"


@dataclass(frozen=True, slots=True, kw_only=True)
class Stock:
    """Units of one product by where they are; each change gives a new object that balances again."""

    product_id: str
    updated_at: datetime
    received: int = 0
    on_hand: int = 0
    reserved: int = 0
    sold: int = 0
    restocked: int = 0
    safety_stock: int = 0

    def __post_init__(self) -> None:
        if self.received + self.restocked != self.on_hand + self.reserved + self.sold:
            raise ValueError(f"the stock of {self.product_id} does not balance")
        if min(self.on_hand, self.reserved, self.sold, self.restocked, self.safety_stock) < 0:
            raise ValueError(f"the stock of {self.product_id} has a level below 0")

    @property
    def available(self) -> int:
        """Units that can be bought now."""
        return max(self.on_hand - self.safety_stock, 0)

    def receive(self, quantity: int, now: datetime) -> Stock:
        """Goods come in."""
        return replace(
            self, received=self.received + quantity, on_hand=self.on_hand + quantity, updated_at=now
        )

    def adjust(self, on_hand: int, safety_stock: int | None, now: datetime) -> Stock:
        """Stocktaking: the shelf holds `on_hand`; the difference is booked as received."""
        return replace(
            self,
            received=self.received + on_hand - self.on_hand,
            on_hand=on_hand,
            safety_stock=self.safety_stock if safety_stock is None else safety_stock,
            updated_at=now,
        )

    def reserve(self, quantity: int, now: datetime) -> Stock:
        """Units are set aside; the caller has checked `available`."""
        return replace(
            self, on_hand=self.on_hand - quantity, reserved=self.reserved + quantity, updated_at=now
        )

    def give_back(self, quantity: int, now: datetime) -> Stock:
        """Units set aside go back to the shelf."""
        return replace(
            self, on_hand=self.on_hand + quantity, reserved=self.reserved - quantity, updated_at=now
        )

    def sell(self, quantity: int, now: datetime) -> Stock:
        """Units set aside are sold."""
        return replace(self, sold=self.sold + quantity, reserved=self.reserved - quantity, updated_at=now)

    def restock(self, quantity: int, now: datetime) -> Stock:
        """Units that were sold come back to the shelf; they stay counted as sold."""
        return replace(
            self, on_hand=self.on_hand + quantity, restocked=self.restocked + quantity, updated_at=now
        )
