"""What can go wrong with stock.

InventoryError
├── StockNotFound        not_found
├── ReservationNotFound  not_found
├── OutOfStock           failed_precondition, with a violation per short line
├── ReservationExists    already_exists
├── ReservationEnded     failed_precondition
└── InvalidItems         invalid_argument, with a violation per item
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar


class InventoryError(Exception):
    """Base: `kind` and `reason` say how it is told to a caller."""

    kind: ClassVar[str]
    reason: ClassVar[str]
    metadata: dict[str, str]
    violations: Sequence[tuple[str, str]] = ()


class StockNotFound(InventoryError):
    """The product never had stock."""

    kind, reason = "not_found", "STOCK_NOT_FOUND"

    def __init__(self, product_id: str) -> None:
        super().__init__(f"no stock of product {product_id}")
        self.metadata = {"product_id": product_id}


class ReservationNotFound(InventoryError):
    """The order has no reservation."""

    kind, reason = "not_found", "RESERVATION_NOT_FOUND"

    def __init__(self, order_id: str) -> None:
        super().__init__(f"no reservation of order {order_id}")
        self.metadata = {"order_id": order_id}


class OutOfStock(InventoryError):
    """Some lines ask for more than there is; nothing was set aside."""

    kind, reason = "failed_precondition", "OUT_OF_STOCK"

    def __init__(self, short: Sequence[tuple[int, str, int, int]]) -> None:
        """`short` has line number, product, wanted and available units."""
        super().__init__("; ".join(f"{product}: {have} of {wanted}" for _, product, wanted, have in short))
        self.metadata = {"product_ids": ",".join(product for _, product, _, _ in short)}
        self.violations = [
            (f"items[{line}].quantity", f"only {have} of {wanted} of product {product} can be had")
            for line, product, wanted, have in short
        ]


class ReservationExists(InventoryError):
    """The order has reserved other items before."""

    kind, reason = "already_exists", "RESERVATION_EXISTS"

    def __init__(self, order_id: str) -> None:
        super().__init__(f"order {order_id} has reserved other items")
        self.metadata = {"order_id": order_id}


class ReservationEnded(InventoryError):
    """The reservation was released, restocked or has expired."""

    kind, reason = "failed_precondition", "RESERVATION_ENDED"

    def __init__(self, order_id: str, state: str) -> None:
        super().__init__(f"the reservation of order {order_id} is {state}")
        self.metadata = {"order_id": order_id, "state": state}


class InvalidItems(InventoryError):
    """Items that can't be as they are."""

    kind, reason = "invalid_argument", "INVALID_ARGUMENT"

    def __init__(self, violations: Sequence[tuple[str, str]]) -> None:
        super().__init__("; ".join(f"{field}: {what}" for field, what in violations))
        self.metadata = {}
        self.violations = list(violations)
