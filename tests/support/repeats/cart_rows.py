"""Changes to carts: of guests, and of a user who takes a guest's over."""

from __future__ import annotations

import uuid

from tests.support.repeats.case import Ask, Case, Mutation, World
from tests.support.shop import Shop

GUEST = "Banyan-Guest"


def _products() -> list[str]:
    return [str(uuid.uuid4()) for _ in "ab"]


def _quantities(who: Shop, products: list[str]) -> dict[str, int]:
    items = who.get("/v1/cart")["cart"].get("items", [])
    return {each["productId"]: each["quantity"] for each in items if each["productId"] in products}


def _put_item(world: World, _: int) -> Case:
    guest, (product, _unused) = world.visitor(), _products()
    first, other = (Ask("PUT", f"/v1/cart/items/{product}", {"quantity": quantity}) for quantity in (2, 3))
    return Case(guest, first, other, lambda: guest.get("/v1/cart"))


def _remove_item(world: World, _: int) -> Case:
    guest, products = world.visitor(), _products()
    for product in products:
        guest.put_in_cart(product)
    first, other = (Ask("DELETE", f"/v1/cart/items/{product}") for product in products)
    return Case(guest, first, other, lambda: guest.get("/v1/cart"))


def _clear_cart(world: World, _: int) -> Case:
    guest = world.visitor()
    guest.put_in_cart(_products()[0])
    return Case(guest, Ask("DELETE", "/v1/cart"), None, lambda: guest.get("/v1/cart"))


def _merge_cart(world: World, caller: int) -> Case:
    who, products = world.buyers[caller], _products()
    guests = [world.visitor() for _ in products]
    for guest, product in zip(guests, products, strict=True):
        guest.put_in_cart(product)
    first, other = (Ask("POST", "/v1/cart:merge", {}, {GUEST: guest.http.headers[GUEST]}) for guest in guests)

    def seen() -> list[dict[str, int]]:
        return [_quantities(each, products) for each in (who, *guests)]

    return Case(who, first, other, seen)


CART = (
    Mutation("cart.PutItem", _put_item),
    Mutation("cart.RemoveItem", _remove_item),
    Mutation("cart.ClearCart", _clear_cart),
    Mutation("cart.MergeCart", _merge_cart),
)
