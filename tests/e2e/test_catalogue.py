"""Browsing, and keeping the catalogue."""

from __future__ import annotations

from tests.support.goods import new_product
from tests.support.shop import Shop


def test_seed_fills_the_shelves(shop: Shop) -> None:
    categories = shop.get("/v1/categories")["categories"]
    assert len(categories) >= 20
    assert sum(each.get("productCount", 0) for each in categories) >= 1000


def test_pages_of_a_category_cover_it_once(shop: Shop) -> None:
    category = next(each for each in shop.get("/v1/categories")["categories"] if each["productCount"] > 20)
    seen: list[str] = []
    token = ""
    while True:
        page = shop.get(
            f"/v1/products?category_id={category['categoryId']}&page_size=17"
            f"&order_by=price%20desc&page_token={token}"
        )
        seen.extend(each["productId"] for each in page["products"])
        token = page.get("nextPageToken", "")
        if not token:
            break
    assert len(seen) == len(set(seen)) == category["productCount"]


def test_staff_make_change_and_delete_a_product(shop: Shop, staff: Shop) -> None:
    product = new_product(staff, stock=2)
    path = f"/v1/products/{product}"
    before = shop.get(path)["product"]
    body = {"price": {"minorUnits": "999", "currencyCode": "EUR"}, "etag": before["etag"]}
    after = staff.call("PATCH", path, body).json()["product"]
    assert (after["price"]["minorUnits"], after["name"]) == ("999", before["name"])
    assert staff.problem("PATCH", path, body, expect=412)["code"] == "ETAG_MISMATCH"
    staff.call("DELETE", path, expect=204)
    assert shop.problem("GET", path, expect=404)["code"] == "PRODUCT_NOT_FOUND"


def test_product_page_has_stock_and_delivery(shop: Shop, staff: Shop) -> None:
    product = new_product(staff, stock=2)
    page = shop.get(f"/v1/views/products/{product}")
    assert page["product"]["productId"] == product
    assert page["degraded"] == []
    assert str(page["stock"]["available"]) == "2"
    assert page["delivery"], page


def test_stock_shows_levels_to_staff_only(shop: Shop, staff: Shop) -> None:
    product = new_product(staff, stock=2)
    assert set(shop.get(f"/v1/stock/{product}")["stock"]) == {"productId", "available", "updateTime"}
    assert staff.get(f"/v1/stock/{product}")["stock"]["onHand"] == "2"
    more = staff.call("POST", f"/v1/stock/{product}:receive", {"quantity": "5"}).json()["stock"]
    assert (more["received"], more["onHand"]) == ("7", "7")
