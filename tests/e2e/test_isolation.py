"""Nobody reaches what is somebody else's."""

from __future__ import annotations

import pytest

from tests.support.eventually import eventually
from tests.support.goods import new_product
from tests.support.shop import Shop


def test_other_people_s_things_do_not_exist(buyer: Shop, other_buyer: Shop, staff: Shop) -> None:
    order_id = buyer.place((new_product(staff, stock=1), 1))["orderId"]
    shipment = eventually(lambda: buyer.get("/v1/shipments").get("shipments", []))[0]["shipmentId"]
    payment = buyer.get("/v1/payments")["payments"][0]["paymentId"]
    for path, code in (
        (f"/v1/orders/{order_id}", "ORDER_NOT_FOUND"),
        (f"/v1/orders/{order_id}/timeline", "ORDER_NOT_FOUND"),
        (f"/v1/shipments/{shipment}", "SHIPMENT_NOT_FOUND"),
        (f"/v1/payments/{payment}", "PAYMENT_NOT_FOUND"),
    ):
        assert other_buyer.problem("GET", path, expect=404)["code"] == code
        staff.get(path)
    cancel = f"/v1/orders/{order_id}:cancel"
    assert other_buyer.problem("POST", cancel, {}, expect=404)["code"] == "ORDER_NOT_FOUND"
    for path, field in (("orders", "orders"), ("payments", "payments"), ("shipments", "shipments")):
        assert not other_buyer.get(f"/v1/{path}").get(field)


def test_identity_headers_from_outside_do_not_count(buyer: Shop, other_buyer: Shop) -> None:
    forged = {"banyan_user": buyer.user_id, "banyan_roles": "staff"}
    me = other_buyer.call("GET", "/v1/users/me", None, 200, **forged).json()["user"]
    assert me["userId"] == other_buyer.user_id
    body = {"slug": "forged", "name": "Forged"}
    assert other_buyer.problem("POST", "/v1/categories", body, expect=403, **forged)["code"] == "STAFF_ONLY"


@pytest.mark.parametrize("path", ["/v1/orders", "/v1/users/me", "/v1/payments", "/v1/recipient"])
def test_personal_routes_need_a_token(shop: Shop, path: str) -> None:
    answer = shop.call("GET", path, expect=401)
    assert answer.headers["www-authenticate"].startswith("Bearer")


def test_recipient_and_preferences_are_one_s_own(buyer: Shop, other_buyer: Shop) -> None:
    address = {
        "recipientName": "E",
        "addressLines": ["1"],
        "city": "B",
        "postalCode": "1",
        "countryCode": "DE",
    }
    buyer.call("PUT", "/v1/recipient", {"addresses": [address]})
    assert buyer.get("/v1/recipient")["recipient"]["addresses"] == [address]
    assert not other_buyer.get("/v1/recipient")["recipient"].get("addresses")
    wanted = {"channels": ["CHANNEL_EMAIL", "CHANNEL_SMS"], "phoneNumber": "+4915112345678"}
    buyer.call("PUT", "/v1/notifications/preferences", wanted)
    kept = buyer.get("/v1/notifications/preferences")["preferences"]
    assert (kept["channels"], kept["phoneNumber"]) == (wanted["channels"], wanted["phoneNumber"])
    theirs = other_buyer.get("/v1/notifications/preferences")["preferences"]
    assert theirs["channels"] == ["CHANNEL_EMAIL"]
