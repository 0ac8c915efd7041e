"""A few products with little stock, so that orders contend for every unit, and somebody who brings new ones."""

from __future__ import annotations

import uuid
from typing import Final

from local.chaos.people import Person
from local.errors import LocalError

PRODUCTS: Final = 10
FIRST_STOCK: Final = 30


async def put_on_sale(staff: Person) -> list[str]:
    """Makes the products; their ids."""
    found = await staff.send("restock", "GET", "/v1/categories")
    if not found.good:
        raise LocalError(f"the catalogue can't be read: {found.status} {found.code}")
    category = found.body["categories"][0]["categoryId"]
    return [await _product(staff, category, number) for number in range(PRODUCTS)]


async def _product(staff: Person, category: str, number: int) -> str:
    body = {
        "name": f"Scarce thing {number + 1}",
        "categoryId": category,
        "price": {"minorUnits": str(500 + 150 * number), "currencyCode": "EUR"},
        "weightGrams": 200 + 50 * number,
    }
    made = await staff.send("restock", "POST", "/v1/products", body, key=uuid.uuid4().hex)
    if not made.good:
        raise LocalError(f"a product can't be made: {made.status} {made.code}")
    product = str(made.body["product"]["productId"])
    await bring(staff, product, FIRST_STOCK)
    return product


async def bring(staff: Person, product: str, units: int) -> None:
    """Takes units in, once, however often it has to be said."""
    path, key = f"/v1/stock/{product}:receive", uuid.uuid4().hex
    await staff.send("restock", "POST", path, {"quantity": str(units)}, key=key)
