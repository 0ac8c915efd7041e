"""Orders that can't be: nothing is held, nothing is taken, and the buyer is told why."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

from tests.support.eventually import eventually
from tests.support.goods import levels, new_product
from tests.support.mesh import RunningMesh
from tests.support.shop import FINAL, Shop


def test_declined_card_gives_the_stock_back(mesh: RunningMesh, buyer: Shop, staff: Shop) -> None:
    product = new_product(staff, stock=3)
    order = buyer.place((product, 2), token="tok_declined")
    assert (order["state"], order["rejectionReason"]) == ("ORDER_STATE_REJECTED", "PAYMENT_DECLINED")
    assert levels(staff, product) | {"received": 3} == {
        "received": 3,
        "onHand": 3,
        "available": 3,
        "reserved": 0,
        "sold": 0,
        "restocked": 0,
    }
    charges = [each for each in _charges(mesh, order["orderId"]) if each["status"] == "succeeded"]
    assert charges == []
    titles = eventually(lambda: [mail["subject"] for mail in mesh.mails(buyer.email)][1:])
    assert len(titles) == 1


def test_short_stock_rejects_without_asking_for_money(mesh: RunningMesh, buyer: Shop, staff: Shop) -> None:
    product = new_product(staff, stock=1)
    order = buyer.place((product, 2))
    assert (order["state"], order["rejectionReason"]) == ("ORDER_STATE_REJECTED", "OUT_OF_STOCK")
    assert _charges(mesh, order["orderId"]) == []
    assert levels(staff, product)["onHand"] == 1


def test_last_units_are_sold_once_whoever_comes_at_the_same_time(
    mesh: RunningMesh, buyer: Shop, staff: Shop
) -> None:
    product = new_product(staff, stock=3)
    with ThreadPoolExecutor(8) as crowd:
        orders = list(crowd.map(lambda _: buyer.place((product, 1)), range(8)))
    settled = [
        eventually(
            lambda order_id=order["orderId"]: (  # type: ignore[misc]
                (found := buyer.order(order_id))["state"] in FINAL and found
            )
        )
        for order in orders
    ]
    sold = [each for each in settled if each and each["state"] != "ORDER_STATE_REJECTED"]
    assert len(sold) == 3
    assert (levels(staff, product)["sold"], levels(staff, product)["onHand"]) == (3, 0)


def test_lost_answer_of_the_provider_never_charges_twice(mesh: RunningMesh, buyer: Shop, staff: Shop) -> None:
    product = new_product(staff, stock=3)
    order = buyer.place((product, 1), token="tok_timeout_after_charge")
    eventually(lambda: buyer.order(order["orderId"])["state"] == "ORDER_STATE_CONFIRMED", deadline_s=60)
    assert [each["status"] for each in _charges(mesh, order["orderId"])] == ["succeeded"]
    (payment,) = buyer.get("/v1/payments")["payments"]
    assert payment["state"] == "PAYMENT_STATE_SUCCEEDED"


def test_unknown_product_is_refused_at_once(buyer: Shop) -> None:
    missing = "01900000-0000-7000-8000-000000000000"
    body = buyer.order_body((missing, 1))
    answer = buyer.problem("POST", "/v1/orders", body, expect=409, Idempotency_Key="unknown-product")
    assert answer["code"] == "PRODUCT_UNAVAILABLE"


def test_empty_cart_is_refused_at_once(buyer: Shop) -> None:
    answer = buyer.problem("POST", "/v1/orders", buyer.order_body(), expect=409, Idempotency_Key="empty")
    assert answer["code"] == "CART_EMPTY"


def _charges(mesh: RunningMesh, order_id: str) -> list[dict[str, object]]:
    return [each for each in mesh.ledger("payment-provider", "charges") if each["reference"] == order_id]
