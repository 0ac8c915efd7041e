"""What inventory tells of."""

from __future__ import annotations

from dataclasses import dataclass

from inventory.domain.stock import Cause, Stock


@dataclass(frozen=True, slots=True)
class StockChanged:
    """Units moved: the stock as it is now, how many, why, and the order behind it ("" for none)."""

    stock: Stock
    quantity: int
    cause: Cause
    order_id: str = ""
