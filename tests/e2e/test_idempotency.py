"""The Idempotency-Key header on orders."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

from tests.support.goods import levels, new_product
from tests.support.shop import Shop


def test_same_key_and_body_give_the_first_order_again(buyer: Shop, staff: Shop) -> None:
    product = new_product(staff, stock=5)
    body = buyer.order_body((product, 1))
    first = buyer.call("POST", "/v1/orders", body, expect=201, Idempotency_Key="one")
    again = buyer.call("POST", "/v1/orders", body, expect=201, Idempotency_Key="one")
    assert "idempotency-replayed" not in first.headers
    assert again.headers["idempotency-replayed"] == "true"
    assert again.json()["order"]["orderId"] == first.json()["order"]["orderId"]
    assert levels(staff, product)["sold"] == 1


def test_same_key_with_another_body_is_refused(buyer: Shop, staff: Shop) -> None:
    product = new_product(staff, stock=5)
    buyer.place((product, 1), key="two")
    body = buyer.order_body((product, 2))
    answer = buyer.problem("POST", "/v1/orders", body, expect=422, Idempotency_Key="two")
    assert answer["code"] == "IDEMPOTENCY_KEY_REUSED"


def test_key_is_each_user_s_own(buyer: Shop, other_buyer: Shop, staff: Shop) -> None:
    product = new_product(staff, stock=5)
    mine, theirs = buyer.place((product, 1), key="three"), other_buyer.place((product, 1), key="three")
    assert mine["orderId"] != theirs["orderId"]


def test_order_without_key_is_refused(buyer: Shop, staff: Shop) -> None:
    body = buyer.order_body((new_product(staff, stock=1), 1))
    assert buyer.problem("POST", "/v1/orders", body, expect=400)["code"] == "IDEMPOTENCY_KEY_REQUIRED"


def test_concurrent_requests_with_one_key_make_one_order(buyer: Shop, staff: Shop) -> None:
    product = new_product(staff, stock=5)
    body, headers = buyer.order_body((product, 1)), {"Idempotency-Key": "four"}
    with ThreadPoolExecutor(6) as crowd:
        answers = list(
            crowd.map(lambda _: buyer.http.post("/v1/orders", json=body, headers=headers), range(6))
        )
    assert {answer.status_code for answer in answers} <= {201, 202, 409}
    orders = {answer.json()["order"]["orderId"] for answer in answers if answer.status_code != 409}
    assert len(orders) == 1
    assert all(
        answer.json()["code"] == "REQUEST_IN_PROGRESS" for answer in answers if answer.status_code == 409
    )
    assert levels(staff, product)["sold"] == 1
