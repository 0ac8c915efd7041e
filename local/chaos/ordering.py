"""How customers order: 1 to 5 products, from a list or the cart, with good and bad cards, and with second thoughts."""

from __future__ import annotations

import asyncio
import random
import uuid
from collections.abc import Sequence
from typing import Any, Final

from local.chaos.client import ORDERING, Answer, Client
from local.chaos.people import Person
from local.chaos.records import Placed, Records

ADDRESS: Final = {
    "recipientName": "Chaos",
    "addressLines": ["1 Way"],
    "city": "Berlin",
    "postalCode": "10115",
    "countryCode": "DE",
}
CARDS: Final = {
    "tok_ok": 84,
    "tok_declined": 8,
    "tok_slow": 4,
    "tok_timeout_after_charge": 3,
    "tok_error": 1,
}
"""Token → how often of a hundred."""
FROM_CART: Final = 0.2
CANCELLED: Final = 0.08
REFUNDED: Final = 0.04
SECOND_THOUGHTS_S: Final = 2.0
CONFIRMED: Final = "ORDER_STATE_CONFIRMED"
BUSINESS_REFUSALS: Final = frozenset(
    {"CART_EMPTY", "PRODUCT_UNAVAILABLE", "CREDIT_LIMIT_EXCEEDED", "ORDER_NOT_CANCELLABLE"}
)


class Ordering:
    """Places orders, and writes down what was promised."""

    def __init__(
        self,
        client: Client,
        records: Records,
        customers: Sequence[Person],
        staff: Person,
        products: Sequence[str],
    ) -> None:
        self._client = client
        self._records = records
        self._customers = customers
        self._staff = staff
        self._products = products

    async def place_one(self, dice: random.Random) -> None:
        """One order from its first click to its end."""
        number = dice.randrange(len(self._customers))
        chosen = dice.sample(self._products, dice.randint(1, 5))
        items = [{"productId": product, "quantity": dice.randint(1, 2)} for product in chosen]
        card = dice.choices(list(CARDS), list(CARDS.values()))[0]
        body: dict[str, Any] = {"items": items, "shippingAddress": ADDRESS, "paymentToken": card}
        if dice.random() < FROM_CART:
            async with self._customers[number].cart:
                if not await self._fill_cart(self._customers[number], items):
                    return
                placed = await self.place(Placed(uuid.uuid4().hex, number, body | {"items": []}))
        else:
            placed = await self.place(Placed(uuid.uuid4().hex, number, body))
        if placed.told == CONFIRMED:
            await self._second_thoughts(placed, dice)

    async def place(self, placed: Placed) -> Placed:
        """Sends an order, the first time or again; what is told about it goes into `placed`."""
        if placed not in self._records.orders:
            self._records.orders.append(placed)
        person = self._customers[placed.customer]
        answer = await person.send(
            "order", "POST", "/v1/orders", placed.body, key=placed.key, patience=ORDERING
        )
        self._take(placed, answer)
        return placed

    def _take(self, placed: Placed, answer: Answer) -> None:
        if answer.good:
            order = answer.body["order"]
            if placed.order_id not in ("", order["orderId"]):
                self._records.odd.append(
                    f"one key, two orders: {placed.order_id} and {order['orderId']} for {placed.key}"
                )
            placed.order_id, placed.told = order["orderId"], order["state"]
            placed.told_at_s = self._client.now_s()
        elif 400 <= answer.status < 500 and answer.code in BUSINESS_REFUSALS:
            placed.told = answer.code
        elif answer.status in {400, 403, 404, 409, 422}:
            self._records.odd.append(f"an order was answered {answer.status} {answer.code}")

    async def _fill_cart(self, person: Person, items: Sequence[dict[str, Any]]) -> bool:
        for item in items:
            path = f"/v1/cart/items/{item['productId']}"
            put = await person.send("cart", "PUT", path, {"quantity": item["quantity"]})
            if not put.good:
                return False
        return True

    async def _second_thoughts(self, placed: Placed, dice: random.Random) -> None:
        draw, wait_s = dice.random(), dice.uniform(0, SECOND_THOUGHTS_S)
        if draw < CANCELLED:
            await asyncio.sleep(wait_s)
            placed.may_be_cancelled = True
            path = f"/v1/orders/{placed.order_id}:cancel"
            await self._customers[placed.customer].send("cancel", "POST", path, {}, key=uuid.uuid4().hex)
        elif draw < CANCELLED + REFUNDED:
            await asyncio.sleep(wait_s)
            await self._refund(placed.order_id)

    async def _refund(self, order_id: str) -> None:
        """Staff pays a euro back."""
        found = await self._staff.send("refund", "GET", f"/v1/payments?order_id={order_id}")
        for payment in found.body.get("payments", ()) if found.good else ():
            path = f"/v1/payments/{payment['paymentId']}:refund"
            body = {"amount": {"minorUnits": "100", "currencyCode": "EUR"}}
            await self._staff.send("refund", "POST", path, body, key=uuid.uuid4().hex)
