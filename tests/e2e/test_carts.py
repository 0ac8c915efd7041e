"""Carts of guests and users."""

from __future__ import annotations

import secrets

from tests.support.goods import new_product
from tests.support.shop import Shop


def test_guest_cart_is_merged_at_login(shop: Shop, staff: Shop) -> None:
    both, guests, users = (new_product(staff, stock=9) for _ in range(3))
    guest = secrets.token_urlsafe(24)
    shop.put_in_cart(both, 3, Banyan_Guest=guest)
    shop.put_in_cart(guests, 1, Banyan_Guest=guest)
    shop.register_and_log_in()
    shop.put_in_cart(both, 2)
    shop.put_in_cart(users, 4)
    for _ in range(2):  # a repeat changes nothing
        merged = shop.call("POST", "/v1/cart:merge", {}, Banyan_Guest=guest).json()["cart"]
        found = {item["productId"]: item["quantity"] for item in merged["items"]}
        assert found == {both: 3, users: 4, guests: 1}
    del shop.http.headers["authorization"]
    left = shop.call("GET", "/v1/cart", Banyan_Guest=guest).json()["cart"]
    assert not left.get("items")


def test_cart_needs_an_owner(shop: Shop) -> None:
    assert shop.problem("GET", "/v1/cart", expect=401)["code"] == "CART_OWNER_REQUIRED"


def test_items_are_set_removed_and_cleared(buyer: Shop, staff: Shop) -> None:
    first, second = new_product(staff, stock=1), new_product(staff, stock=1)
    buyer.put_in_cart(first, 1)
    buyer.put_in_cart(second, 2)
    cart = buyer.call("DELETE", f"/v1/cart/items/{first}").json()["cart"]
    assert [(item["productId"], item["quantity"]) for item in cart["items"]] == [(second, 2)]
    assert not buyer.call("DELETE", "/v1/cart").json()["cart"].get("items")
    bad = buyer.problem("PUT", f"/v1/cart/items/{first}", {"quantity": 100}, expect=400)
    assert [error["field"] for error in bad["errors"]] == ["quantity"]
