"""The other services as books: what they promise in their contracts, in memory, asked by fakes and fake servers alike."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field

from meshkit.clock import uuid7


class Refusal(Exception):
    """A definite no, with the kind and reason that the contract names."""

    def __init__(self, kind: str, reason: str) -> None:
        super().__init__(reason)
        self.kind = kind
        self.reason = reason


@dataclass
class Reservation:
    items: Mapping[str, int]
    state: str = "HELD"


class StockBook:
    """Inventory: received + restocked = on hand + reserved + sold, at any time."""

    def __init__(self) -> None:
        self.on_hand: Counter[str] = Counter()
        self.reservations: dict[str, Reservation] = {}

    def reserve(self, order_id: str, items: Mapping[str, int]) -> None:
        known = self.reservations.get(order_id)
        if known is not None:
            if known.state not in ("HELD", "COMMITTED"):
                raise Refusal("failed_precondition", "RESERVATION_ENDED")
            if known.items != items:
                raise Refusal("already_exists", "RESERVATION_EXISTS")
            return
        if any(self.on_hand[product_id] < quantity for product_id, quantity in items.items()):
            raise Refusal("failed_precondition", "OUT_OF_STOCK")
        self.on_hand.subtract(items)
        self.reservations[order_id] = Reservation(dict(items))

    def commit(self, order_id: str) -> None:
        known = self.reservations.get(order_id)
        if known is None:
            raise Refusal("not_found", "RESERVATION_NOT_FOUND")
        if known.state not in ("HELD", "COMMITTED"):
            raise Refusal("failed_precondition", "RESERVATION_ENDED")
        known.state = "COMMITTED"

    def release(self, order_id: str) -> None:
        known = self.reservations.setdefault(order_id, Reservation({}, "RELEASED"))
        if known.state in ("HELD", "COMMITTED"):
            self.on_hand.update(known.items)
            known.state = "RELEASED" if known.state == "HELD" else "RESTOCKED"

    def expire(self, order_id: str) -> None:
        known = self.reservations.get(order_id)
        if known is not None and known.state == "HELD":
            self.on_hand.update(known.items)
            known.state = "EXPIRED"

    def held(self, order_id: str) -> bool:
        known = self.reservations.get(order_id)
        return known is not None and known.state in ("HELD", "COMMITTED")


@dataclass
class Payment:
    amount: int
    token: str
    state: str
    payment_id: str = field(default_factory=uuid7)
    refunded: int = 0


class PaymentBook:
    """Payment: one charge for an order, never more back than was taken."""

    def __init__(self) -> None:
        self.payments: dict[str, Payment] = {}
        self.closed: set[str] = set()
        # Money that left a card, in the order in which it did.
        self.takings: list[tuple[str, int]] = []

    def charge(self, order_id: str, amount: int, token: str) -> Payment:
        if known := self.payments.get(order_id):
            if (known.amount, known.token) != (amount, token):
                raise Refusal("failed_precondition", "IDEMPOTENCY_KEY_REUSED")
            if known.state == "PENDING":
                self._settle(order_id, known)
            return known
        if order_id in self.closed:
            raise Refusal("failed_precondition", "PAYMENT_CLOSED")
        states = {"tok_declined": "DECLINED", "tok_failed": "FAILED", "tok_pending": "PENDING"}
        payment = self.payments[order_id] = Payment(amount, token, states.get(token, "SUCCEEDED"))
        if payment.state == "SUCCEEDED":
            self.takings.append((order_id, amount))
        return payment

    def refund_all(self, order_id: str) -> Payment | None:
        self.closed.add(order_id)
        payment = self.payments.get(order_id)
        if payment is None:
            return None
        if payment.state == "PENDING":
            self._settle(order_id, payment)
        if payment.state == "SUCCEEDED":
            payment.refunded = payment.amount
        return payment

    def kept(self, order_id: str) -> int:
        """What the shop has of an order's money now."""
        taken = sum(amount for charged, amount in self.takings if charged == order_id)
        payment = self.payments.get(order_id)
        return taken - (payment.refunded if payment else 0)

    def charges(self, order_id: str) -> int:
        return sum(charged == order_id for charged, _ in self.takings)

    def _settle(self, order_id: str, payment: Payment) -> None:
        payment.state = "SUCCEEDED"
        self.takings.append((order_id, payment.amount))


class ParcelBook:
    """Shipping: what parcels cost, which have left, which will never leave."""

    def __init__(self) -> None:
        self.dispatched: set[str] = set()
        self.voided: set[str] = set()
        self.prices = {"STANDARD": 499, "EXPRESS": 999}

    def void(self, order_id: str) -> None:
        if order_id in self.dispatched:
            raise Refusal("failed_precondition", "SHIPMENT_DISPATCHED")
        self.voided.add(order_id)


@dataclass
class ProductEntry:
    name: str
    price: int
    weight_grams: int = 300
    currency: str = "EUR"


class Shop:
    """All books of a shop, and the faults that calls to it meet."""

    def __init__(self) -> None:
        self.stock = StockBook()
        self.payments = PaymentBook()
        self.parcels = ParcelBook()
        self.products: dict[str, ProductEntry] = {}
        self.carts: dict[str, dict[str, int]] = {}
        self.calls: list[str] = []

    def offer(self, *, price: int = 1_000, on_hand: int = 100, weight_grams: int = 300) -> str:
        product_id = uuid7()
        self.products[product_id] = ProductEntry("Mug", price, weight_grams)
        self.stock.on_hand[product_id] = on_hand
        return product_id
