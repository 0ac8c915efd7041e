"""Products of a test's own, so that nobody else's orders touch their stock."""

from __future__ import annotations

import uuid
from typing import Any

from tests.support.shop import Shop


def new_product(staff: Shop, *, stock: int, price: int = 1299, name: str = "Test lamp") -> str:
    """Puts a product on sale with this many units on the shelf; its id. The price is in minor units of EUR."""
    category = staff.get("/v1/categories")["categories"][0]["categoryId"]
    body = {
        "name": f"{name} {uuid.uuid4().hex[:8]}",
        "categoryId": category,
        "price": {"minorUnits": str(price), "currencyCode": "EUR"},
        "weightGrams": 400,
    }
    product = staff.call("POST", "/v1/products", body, expect=201).json()["product"]["productId"]
    staff.call("PUT", f"/v1/stock/{product}", {"onHand": str(stock)})
    return str(product)


def levels(staff: Shop, product_id: str) -> dict[str, int]:
    """Every level of a product's stock, checked to balance."""
    stock: dict[str, Any] = staff.get(f"/v1/stock/{product_id}")["stock"]
    names = ("received", "onHand", "available", "reserved", "sold", "restocked")
    found = {name: int(stock.get(name, 0)) for name in names}
    assert found["received"] + found["restocked"] == found["onHand"] + found["reserved"] + found["sold"], (
        found
    )
    return found
