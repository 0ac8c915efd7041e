"""What was bought can be undone: cancelled before it leaves, refunded by staff."""

from __future__ import annotations

import uuid

from tests.support.eventually import eventually
from tests.support.goods import levels, new_product
from tests.support.mesh import RunningMesh
from tests.support.shop import Shop


def test_cancelled_order_gives_stock_and_money_back(mesh: RunningMesh, buyer: Shop, staff: Shop) -> None:
    product = new_product(staff, stock=4)
    order = buyer.place((product, 3))
    order_id = order["orderId"]
    answer = buyer.http.post(f"/v1/orders/{order_id}:cancel", json={})
    assert answer.status_code in {200, 202}, answer.text
    cancelled = eventually(
        lambda: (found := buyer.order(order_id))["state"] == "ORDER_STATE_CANCELLED" and found
    )
    assert isinstance(cancelled, dict)
    assert eventually(lambda: buyer.order(order_id)["refunded"] == order["total"])
    found = levels(staff, product)
    assert (found["onHand"], found["reserved"], found["sold"] - found["restocked"]) == (4, 0, 0)
    refunds = [
        refund["amount_minor"]
        for refund in mesh.ledger("payment-provider", "refunds")
        if refund["charge_id"] == buyer.get("/v1/payments")["payments"][0]["providerChargeId"]
    ]
    assert [str(amount) for amount in refunds] == [order["total"]["minorUnits"]]
    buyer.call("POST", f"/v1/orders/{order_id}:cancel", {})  # a repeat is no error
    customer = buyer.get("/v1/customers/me")["customer"]
    assert int(customer.get("loyaltyPoints", 0)) == 0
    shipments = buyer.get("/v1/shipments").get("shipments", [])
    assert all(each["state"] == "SHIPMENT_STATE_VOIDED" for each in shipments), shipments


def test_dispatched_order_can_no_longer_be_cancelled(buyer: Shop, staff: Shop) -> None:
    order_id = buyer.place((new_product(staff, stock=1), 1))["orderId"]
    eventually(
        lambda: any(
            each["state"] in {"SHIPMENT_STATE_DISPATCHED", "SHIPMENT_STATE_DELIVERED"}
            for each in buyer.get("/v1/shipments").get("shipments", [])
        ),
        deadline_s=30,
    )
    answer = buyer.problem("POST", f"/v1/orders/{order_id}:cancel", {}, expect=409)
    assert answer["code"] == "ORDER_NOT_CANCELLABLE"


def test_refunds_add_up_and_never_exceed_the_charge(mesh: RunningMesh, buyer: Shop, staff: Shop) -> None:
    order = buyer.place((new_product(staff, stock=1, price=5000), 1))
    total = int(order["total"]["minorUnits"])
    (payment,) = buyer.get("/v1/payments")["payments"]
    path = f"/v1/payments/{payment['paymentId']}:refund"

    def amount(minor: int) -> dict[str, object]:
        return {"amount": {"minorUnits": str(minor), "currencyCode": "EUR"}}

    key = uuid.uuid4().hex
    first = staff.call("POST", path, amount(1000), Idempotency_Key=key)
    again = staff.call("POST", path, amount(1000), Idempotency_Key=key)
    assert again.headers["idempotency-replayed"] == "true"
    assert again.json()["refund"]["refundId"] == first.json()["refund"]["refundId"]
    too_much = staff.problem("POST", path, amount(total), expect=409, Idempotency_Key=uuid.uuid4().hex)
    assert too_much["code"] == "REFUND_EXCEEDS_CHARGE"
    rest = staff.call("POST", path, {}, Idempotency_Key=uuid.uuid4().hex).json()
    assert int(rest["refund"]["amount"]["minorUnits"]) == total - 1000
    eventually(lambda: int(buyer.order(order["orderId"])["refunded"].get("minorUnits", 0)) == total)
    refunded = sum(
        int(refund["amount_minor"])
        for refund in mesh.ledger("payment-provider", "refunds")
        if refund["charge_id"] == payment["providerChargeId"]
    )
    assert refunded == total


def test_customers_cannot_refund(buyer: Shop, staff: Shop) -> None:
    buyer.place((new_product(staff, stock=1), 1))
    (payment,) = buyer.get("/v1/payments")["payments"]
    path = f"/v1/payments/{payment['paymentId']}:refund"
    assert buyer.problem("POST", path, {}, expect=403, Idempotency_Key="mine")["code"] == "STAFF_ONLY"
