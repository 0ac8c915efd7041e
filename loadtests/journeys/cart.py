"""A cart, of a guest or of somebody who is logged in."""

from __future__ import annotations

import random
from collections.abc import Sequence

from loadtests.support.catalogue import CATALOGUE
from loadtests.support.edge import Check, Edge, Json


def put_in(edge: Edge, product_id: str, quantity: int) -> None:
    """Sets the quantity of a product, and sees it in the answer."""
    edge.change(
        "PUT",
        f"/v1/cart/items/{product_id}",
        {"quantity": quantity},
        name="/v1/cart/items/{id}",
        check=holds(product_id, quantity),
    )


def look(edge: Edge) -> Json:
    """The cart as it is."""
    return edge.get("/v1/cart", check=lambda found: "" if "cart" in found else "no cart")


def fill(edge: Edge, most: int = 3) -> Sequence[str]:
    """One to `most` different products; their ids."""
    chosen = random.sample(CATALOGUE.products, random.randint(1, most))
    for product_id in chosen:
        put_in(edge, product_id, random.randint(1, 3))
    return chosen


def change_mind(edge: Edge) -> None:
    """Fills a cart, looks at it, and empties it."""
    chosen = fill(edge)
    found = look(edge)["cart"]
    edge.change("DELETE", f"/v1/cart/items/{chosen[0]}", None, name="/v1/cart/items/{id}")
    if found.get("items"):
        edge.change("DELETE", "/v1/cart", None)


def holds(product_id: str, quantity: int) -> Check:
    """A check that the cart has so many of it."""

    def check(found: Json) -> str:
        items = {each["productId"]: each.get("quantity") for each in found.get("cart", {}).get("items", ())}
        return "" if items.get(product_id) == quantity else f"{items.get(product_id)} instead of {quantity}"

    return check
