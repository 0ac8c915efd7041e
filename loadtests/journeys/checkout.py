"""Ordering, with cards that work, that are declined, and that take their time."""

from __future__ import annotations

import random
from collections.abc import Sequence
from typing import Any

from loadtests.journeys import cart
from loadtests.support.catalogue import CATALOGUE
from loadtests.support.edge import Check, Edge, Json

ADDRESS: dict[str, Any] = {
    "recipientName": "Erika Mustermann",
    "addressLines": ["Heidestrasse 17"],
    "city": "Berlin",
    "postalCode": "10557",
    "countryCode": "DE",
}
GOOD = {"ORDER_STATE_CONFIRMED", "ORDER_STATE_FULFILLED"}
OPEN = {"ORDER_STATE_PENDING"}
DECLINED_PERCENT = 4


def order(
    edge: Edge,
    items: Sequence[tuple[str, int]] = (),
    *,
    token: str = "tok_ok",  # noqa: S107 - a card of the stand-in
    city: str = ADDRESS["city"],
    name: str = "/v1/orders",
    check: Check | None = None,
) -> Json:
    """Places an order, of the cart without `items`; 201 with its end, or 202 while it is under way."""
    body = {
        "items": [{"productId": product_id, "quantity": quantity} for product_id, quantity in items],
        "shippingAddress": ADDRESS | {"city": city},
        "paymentToken": token,
    }
    found = edge.change("POST", "/v1/orders", body, name=name, expect=(201, 202), check=check or accepted)
    placed: Json = found["order"]
    return placed


def from_cart(edge: Edge) -> None:
    """Fills the cart and orders it; one card in twenty-five is declined."""
    cart.fill(edge)
    edge.change("POST", "/v1/orders:quote", {"countryCode": "DE"}, check=has_total)
    if random.randrange(100) < DECLINED_PERCENT:
        order(edge, token="tok_declined", name="/v1/orders (declined)", check=rejected("PAYMENT_DECLINED"))  # noqa: S106
        return
    placed = order(edge)
    path = f"/v1/orders/{placed['orderId']}"
    edge.get(path, name="/v1/orders/{id}", check=accepted)


def one_thing(edge: Edge, product_id: str = "") -> None:
    """Orders one unit without a cart."""
    order(edge, [(product_id or random.choice(CATALOGUE.products), 1)])


def scarce_thing(edge: Edge) -> None:
    """Orders what few can have: confirmed or out of stock, both told truly."""

    def told(found: Json) -> str:
        return "" if not accepted(found) else rejected("OUT_OF_STOCK")(found)

    order(edge, [(CATALOGUE.scarce, 1)], name="/v1/orders (scarce)", check=told)


def accepted(found: Json) -> str:
    """Confirmed, or still under way."""
    state = found.get("order", {}).get("state")
    reason = found.get("order", {}).get("rejectionReason", "")
    return "" if state in GOOD | OPEN else f"{state} {reason}".strip()


def rejected(reason: str) -> Check:
    """A check that it was rejected for this reason, or is still under way."""

    def check(found: Json) -> str:
        state, why = (found.get("order", {}).get(name) for name in ("state", "rejectionReason"))
        right = state in OPEN or (state == "ORDER_STATE_REJECTED" and why == reason)
        return "" if right else f"{state} {why} instead of {reason}"

    return check


def has_total(found: Json) -> str:
    """A quote names a sum of money."""
    total = found.get("total", {})
    return "" if int(total.get("minorUnits", 0)) > 0 else "no total"
