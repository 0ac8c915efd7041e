"""The mesh keeps running when a part of it does not."""

from __future__ import annotations

import os
import signal

from tests.support.eventually import eventually
from tests.support.goods import new_product
from tests.support.mesh import RunningMesh
from tests.support.shop import Shop


def test_killed_service_comes_back(mesh: RunningMesh, shop: Shop, staff: Shop) -> None:
    product = new_product(staff, stock=1)
    before = mesh.process(mesh.status(), "product")
    for pid in before["pids"]:
        os.kill(pid, signal.SIGKILL)

    def back() -> bool:
        now = mesh.process(mesh.status(), "product")
        return bool(now["restarts"] > before["restarts"] and now["state"] == "ready")

    assert eventually(back, deadline_s=60)
    assert eventually(lambda: shop.http.get(f"/v1/products/{product}").status_code == 200)


def test_product_page_degrades_without_its_optional_parts(
    mesh: RunningMesh, shop: Shop, buyer: Shop, staff: Shop
) -> None:
    product = new_product(staff, stock=1)
    mesh.run("stop", "shipping")
    try:
        page = shop.get(f"/v1/views/products/{product}")
        assert page["degraded"] == ["delivery"]
        assert page["product"]["productId"] == product
        assert str(page["stock"]["available"]) == "1"
    finally:
        mesh.run("start", "shipping")
    assert eventually(lambda: shop.get(f"/v1/views/products/{product}")["degraded"] == [], deadline_s=40)
    # Each caller finds shipping again by itself, order too.
    quote = {
        "items": [{"productId": product, "quantity": 1}],
        "countryCode": "DE",
        "shippingSpeed": "SHIPPING_SPEED_STANDARD",
    }
    assert eventually(lambda: buyer.http.post("/v1/orders:quote", json=quote).is_success, deadline_s=20)


def test_order_survives_the_death_of_its_service(mesh: RunningMesh, buyer: Shop, staff: Shop) -> None:
    """The order is accepted with a slow card, its service is killed, and another process finishes it."""
    product = new_product(staff, stock=1)
    order = buyer.place((product, 1), token="tok_timeout_after_charge")
    for pid in mesh.process(mesh.status(), "order")["pids"]:
        os.kill(pid, signal.SIGKILL)

    def confirmed() -> bool:
        answer = buyer.http.get(f"/v1/orders/{order['orderId']}")
        return answer.status_code == 200 and answer.json()["order"]["state"] == "ORDER_STATE_CONFIRMED"

    assert eventually(confirmed, deadline_s=90)
    charges = [
        charge
        for charge in mesh.ledger("payment-provider", "charges")
        if charge["reference"] == order["orderId"]
    ]
    assert len(charges) == 1
