"""What may go wrong when ordering.

    OrderError
    ├── CartEmpty                  failed_precondition
    ├── ProductUnavailable         failed_precondition, product_ids
    ├── CurrencyMismatch           failed_precondition, expected, found
    ├── ParcelTooHeavy             failed_precondition, weight_grams, limit_grams
    ├── SpeedNotOffered            failed_precondition, speed
    ├── OrderTooLarge              failed_precondition, total, limit
    ├── CreditLimitExceeded        failed_precondition, limit
    ├── DuplicateItem              invalid_argument, product_id
    ├── OrderNotFound              not_found, order_id
    ├── OrderNotCancellable        failed_precondition, order_id, state
    ├── KeyReused                  failed_precondition
    └── IllegalTransition          internal (a bug, never a caller's mistake), source, target

The platform maps `kind` to a status and `reason`, `metadata` and `violations` to its details.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import ClassVar


class OrderError(Exception):
    """Base of this service's own errors."""

    kind: ClassVar[str] = "failed_precondition"
    reason: ClassVar[str] = "ORDER_ERROR"

    def __init__(self, message: str, **fields: object) -> None:
        super().__init__(message)
        self.metadata = {name: str(value) for name, value in fields.items()}
        self.violations: list[tuple[str, str]] = []


class CartEmpty(OrderError):
    """Neither items were given nor are any in the caller's cart."""

    reason = "CART_EMPTY"

    def __init__(self) -> None:
        super().__init__("there is nothing to order")


class ProductUnavailable(OrderError):
    """Some products are not on sale (any more)."""

    reason = "PRODUCT_UNAVAILABLE"

    def __init__(self, product_ids: Iterable[str]) -> None:
        self.product_ids = tuple(product_ids)
        super().__init__("not on sale", product_ids=",".join(self.product_ids))
        self.violations = [("items", f"{product_id} is not on sale") for product_id in self.product_ids]


class CurrencyMismatch(OrderError):
    """A price is not in the shop's currency."""

    reason = "CURRENCY_MISMATCH"

    def __init__(self, expected: str, found: str) -> None:
        super().__init__(f"a price is in {found}, not in {expected}", expected=expected, found=found)


class ParcelTooHeavy(OrderError):
    """More than any carrier takes in one parcel."""

    reason = "PARCEL_TOO_HEAVY"

    def __init__(self, weight_grams: int, limit_grams: int) -> None:
        super().__init__("too heavy for one parcel", weight_grams=weight_grams, limit_grams=limit_grams)


class SpeedNotOffered(OrderError):
    """The destination is served, at another speed only."""

    reason = "SPEED_NOT_OFFERED"

    def __init__(self, speed: str) -> None:
        super().__init__(f"{speed} shipping is not offered to this destination", speed=speed)


class OrderTooLarge(OrderError):
    """More money than one charge may take."""

    reason = "ORDER_TOO_LARGE"

    def __init__(self, total: int, limit: int) -> None:
        super().__init__("the total is above what one charge may take", total=total, limit=limit)


class CreditLimitExceeded(OrderError):
    """The customer's unfinished orders and this one are more than their limit."""

    reason = "CREDIT_LIMIT_EXCEEDED"

    def __init__(self, limit: int) -> None:
        super().__init__("unfinished orders would exceed the credit limit", limit_minor_units=limit)


class DuplicateItem(OrderError):
    """A product stands on two lines of one request."""

    kind = "invalid_argument"
    reason = "INVALID_ARGUMENT"

    def __init__(self, index: int, product_id: str) -> None:
        super().__init__("each product may be given once", product_id=product_id)
        self.violations = [(f"items[{index}].product_id", "is given twice")]


class OrderNotFound(OrderError):
    """There is no such order, or it is another user's."""

    kind = "not_found"
    reason = "ORDER_NOT_FOUND"

    def __init__(self, order_id: str) -> None:
        super().__init__("no such order", order_id=order_id)


class OrderNotCancellable(OrderError):
    """Dispatched, delivered or rejected: there is nothing left to cancel."""

    reason = "ORDER_NOT_CANCELLABLE"

    def __init__(self, order_id: str, state: str) -> None:
        super().__init__("it is too late to cancel this order", order_id=order_id, state=state)


class KeyReused(OrderError):
    """The request id came before with another body."""

    reason = "IDEMPOTENCY_KEY_REUSED"

    def __init__(self) -> None:
        super().__init__("this request id was used for another request")


class IllegalTransition(OrderError):
    """Code tried to move an order where the table of transitions does not let it go."""

    kind = "internal"
    reason = "INTERNAL"

    def __init__(self, source: str, target: str) -> None:
        super().__init__(f"an order can't go from {source} to {target}", source=source, target=target)
