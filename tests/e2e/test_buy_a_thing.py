"""A person buys something, and everything that should follow follows, once."""

from __future__ import annotations

from tests.support.eventually import eventually
from tests.support.goods import levels, new_product
from tests.support.mesh import RunningMesh
from tests.support.shop import ADDRESS, Shop


def test_order_from_the_cart_is_paid_shipped_and_told(mesh: RunningMesh, buyer: Shop, staff: Shop) -> None:
    product = new_product(staff, stock=5, price=2500)
    buyer.put_in_cart(product, 2)
    quote = buyer.call(
        "POST", "/v1/orders:quote", {"countryCode": "DE", "shippingSpeed": "SHIPPING_SPEED_STANDARD"}
    ).json()
    order = buyer.place()
    assert order["state"] == "ORDER_STATE_CONFIRMED", order
    assert order["subtotal"]["minorUnits"] == "5000"
    assert order["total"] == quote["total"]
    assert [(line["productId"], line["quantity"]) for line in order["lines"]] == [(product, 2)]
    _stock_is_sold(staff, product)
    _money_is_taken_once(mesh, buyer, order)
    _cart_is_emptied(buyer)
    _parcel_arrives(buyer, order["orderId"])
    _mails_come_once(mesh, buyer)
    _points_are_given(buyer, int(order["total"]["minorUnits"]))


def _stock_is_sold(staff: Shop, product: str) -> None:
    found = levels(staff, product)
    assert (found["onHand"], found["reserved"], found["sold"]) == (3, 0, 2)


def _money_is_taken_once(mesh: RunningMesh, buyer: Shop, order: dict[str, object]) -> None:
    (payment,) = buyer.get("/v1/payments")["payments"]
    assert payment["state"] == "PAYMENT_STATE_SUCCEEDED"
    assert payment["amount"] == order["total"]
    charges = [
        charge
        for charge in mesh.ledger("payment-provider", "charges")
        if charge["reference"] == order["orderId"]
    ]
    assert [(charge["status"], str(charge["amount_minor"])) for charge in charges] == [
        ("succeeded", payment["amount"]["minorUnits"])
    ]


def _cart_is_emptied(buyer: Shop) -> None:
    assert eventually(lambda: not buyer.get("/v1/cart")["cart"].get("items"))


def _parcel_arrives(buyer: Shop, order_id: str) -> None:
    order = eventually(
        lambda: (found := buyer.order(order_id))["state"] == "ORDER_STATE_FULFILLED" and found, deadline_s=40
    )
    assert isinstance(order, dict)
    (shipment,) = buyer.get("/v1/shipments")["shipments"]
    assert shipment["shipmentId"] == order["shipmentId"]
    assert shipment["state"] == "SHIPMENT_STATE_DELIVERED"
    assert shipment["destination"] == ADDRESS
    assert shipment["trackingNumber"]
    steps = [entry["step"] for entry in buyer.get(f"/v1/orders/{order_id}/timeline")["entries"]]
    assert {"reserve", "charge", "commit"} <= set(steps), steps


def _mails_come_once(mesh: RunningMesh, buyer: Shop) -> None:
    def templates() -> list[str]:
        return sorted(
            each["template"]
            for each in buyer.get("/v1/notifications")["notifications"]
            if each["state"] == "DELIVERY_STATE_SENT"
        )

    expected = ["order_confirmed", "shipment_delivered", "shipment_dispatched", "welcome"]
    eventually(lambda: templates() == expected or _show(templates()))
    assert len(mesh.mails(buyer.email)) == len(expected)


def _show(seen: list[str]) -> bool:
    raise AssertionError(f"mails so far: {seen}")


def _points_are_given(buyer: Shop, total: int) -> None:
    customer = buyer.get("/v1/customers/me")["customer"]
    assert int(customer["loyaltyPoints"]) == total // 100
    assert customer["orderCount"] == 1
    assert int(customer["lifetimeValue"]["minorUnits"]) == total
