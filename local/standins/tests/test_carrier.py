"""The carrier sells one label per key, moves it by time, and takes it back until the parcel is picked up."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from time import monotonic
from typing import Any

import httpx2
import pytest

from .conftest import Process, Start

LABEL = {
    "reference": "shipment-1",
    "service": "standard",
    "weight_grams": 500,
    "destination": {"country_code": "DE", "postal_code": "10115", "city": "Berlin"},
}
ORDER = ["label_created", "picked_up", "in_transit", "delivered"]


def buy(carrier: Process, key: str = "s1", **changes: Any) -> httpx2.Response:
    """POST /v1/labels."""
    return carrier.http.post("/v1/labels", json=LABEL | changes, headers={"Idempotency-Key": key})


def status(carrier: Process, number: str) -> str:
    """The parcel's state now."""
    answer = carrier.http.get("/v1/trackings", params={"numbers": number}).raise_for_status().json()
    return str(answer["trackings"][0]["status"])


def test_one_label_per_key_also_at_once_and_after_a_kill(start: Start) -> None:
    carrier = start("carrier")
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda _: buy(carrier), range(8)))
    assert sorted(answer.status_code for answer in answers) == [200] * 7 + [201]
    [label] = {answer.text for answer in answers}
    assert buy(carrier, weight_grams=501).status_code == 409
    carrier.kill()
    carrier = start("carrier")
    again = buy(carrier)
    assert (again.status_code, again.text) == (200, label)
    assert carrier.http.get("/v1/ledger").json()["totals"] == {"labels": 1, "voided": 0}


def test_parcel_passes_every_step_in_order(start: Start) -> None:
    carrier = start("carrier", CARRIER_STEP_S="0.3")
    number = buy(carrier).json()["tracking_number"]
    seen = [buy(carrier).json()["status"]]
    deadline = monotonic() + 20
    while seen[-1] != "delivered":
        assert monotonic() < deadline, seen
        now = status(carrier, number)
        if now != seen[-1]:
            seen.append(now)
    assert seen == ORDER


def test_held_parcels_wait_and_make_up_for_it(start: Start) -> None:
    carrier = start("carrier", CARRIER_STEP_S="0.001")
    carrier.http.post("/_parcels", json={"held": True}).raise_for_status()
    number = buy(carrier).json()["tracking_number"]
    assert status(carrier, number) == "label_created"
    assert carrier.http.post(f"/v1/labels/{number}/void").status_code == 200
    late = buy(carrier, key="s2").json()["tracking_number"]
    carrier.http.post("/_parcels", json={"held": False}).raise_for_status()
    deadline = monotonic() + 20
    while status(carrier, late) != "delivered":
        assert monotonic() < deadline
    assert status(carrier, number) == "voided"


def test_label_can_be_voided_until_picked_up(start: Start) -> None:
    carrier = start("carrier", CARRIER_STEP_S="3600")
    number = buy(carrier).json()["tracking_number"]
    first, again = (carrier.http.post(f"/v1/labels/{number}/void") for _ in range(2))
    assert (first.status_code, first.json()["status"]) == (200, "voided")
    assert again.json() == first.json()
    assert status(carrier, number) == "voided"
    assert carrier.http.get("/v1/ledger").json()["totals"] == {"labels": 1, "voided": 1}
    assert carrier.http.post("/v1/labels/BN0/void").status_code == 404


def test_void_after_pick_up_conflicts(start: Start) -> None:
    carrier = start("carrier", CARRIER_STEP_S="0.001")
    number = buy(carrier).json()["tracking_number"]
    deadline = monotonic() + 10
    while status(carrier, number) == "label_created":
        assert monotonic() < deadline
    answer = carrier.http.post(f"/v1/labels/{number}/void")
    assert (answer.status_code, answer.json()["error"]) == (409, "already_picked_up")


def test_trackings_answer_in_batches_and_name_the_unknown(start: Start) -> None:
    carrier = start("carrier")
    numbers = [buy(carrier, f"s{n}").json()["tracking_number"] for n in range(3)]
    answer = carrier.http.get("/v1/trackings", params={"numbers": ",".join([*numbers, "BN-none"])}).json()
    assert [each["tracking_number"] for each in answer["trackings"]] == numbers
    assert answer["unknown"] == ["BN-none"]
    assert carrier.http.get("/v1/trackings").status_code == 400
    assert carrier.http.get("/v1/trackings", params={"numbers": ",".join("x" * 201)}).status_code == 400


BAD: list[tuple[dict[str, Any], str]] = [
    ({"weight_grams": 1.5}, "weight_grams"),
    ({"weight_grams": 0}, "weight_grams"),
    ({"service": "drone"}, "service"),
    ({"destination": "Berlin"}, "destination"),
    ({"destination": {"country_code": "DE", "postal_code": "1"}}, "destination.city"),
    ({"insured": True}, "insured"),
]


def test_bad_field_is_named(start: Start) -> None:
    carrier = start("carrier")
    for changes, field in BAD:
        answer = buy(carrier, **changes)
        assert (answer.status_code, answer.json()["field"]) == (400, field)
    assert carrier.http.get("/v1/ledger").json()["labels"] == []


def test_pages_show_the_label_escaped(start: Start) -> None:
    carrier = start("carrier")
    label = buy(carrier, destination=LABEL["destination"] | {"city": "<b>Berlin"}).json()  # type: ignore[operator]
    shown = carrier.http.get(label["label_url"]).raise_for_status().text
    assert "&lt;b&gt;Berlin" in shown
    assert label["tracking_number"] in carrier.http.get("/").text


def test_bad_step_is_refused_by_name(start: Start) -> None:
    with pytest.raises(AssertionError, match="CARRIER_STEP_S"):
        start("carrier", CARRIER_STEP_S="soon")


def test_labels_to_one_city_take_their_time_and_others_do_not(start: Start) -> None:
    carrier = start("carrier")
    far = LABEL["destination"] | {"city": "Slowville"}  # type: ignore[operator]
    with ThreadPoolExecutor(2) as pool:
        began = monotonic()
        slow = pool.submit(buy, carrier, "far", destination=far)
        assert buy(carrier, "near").status_code == 201
        near_s = monotonic() - began
        assert slow.result().status_code == 201
    assert monotonic() - began >= 1.0 > near_s
