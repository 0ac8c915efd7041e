"""The provider never charges twice for one key, never refunds more than it charged, and its books add up."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from time import monotonic
from typing import Any

import httpx2
import pytest

from .conftest import Process, Start

CHARGE = {"amount_minor": 1299, "currency": "EUR", "token": "tok_ok", "reference": "order-1"}


def charge(process: Process, key: str = "k1", **changes: Any) -> httpx2.Response:
    """POST /v1/charges."""
    return process.http.post("/v1/charges", json=CHARGE | changes, headers={"Idempotency-Key": key})


def refund(process: Process, charge_id: str, amount: int, key: str) -> httpx2.Response:
    """POST /v1/refunds."""
    body = {"charge_id": charge_id, "amount_minor": amount}
    return process.http.post("/v1/refunds", json=body, headers={"Idempotency-Key": key})


def books(process: Process, **query: Any) -> dict[str, Any]:
    """GET /v1/ledger."""
    answer: dict[str, Any] = process.http.get("/v1/ledger", params=query).raise_for_status().json()
    return answer


def test_accepted_token_charges_at_once(provider: Process) -> None:
    answer = charge(provider)
    assert answer.status_code == 201
    body = answer.json()
    assert body["id"].startswith("ch_")
    assert {
        name: body[name] for name in ("status", "decline_code", "amount_minor", "currency", "reference")
    } == {
        "status": "succeeded",
        "decline_code": None,
        "amount_minor": 1299,
        "currency": "EUR",
        "reference": "order-1",
    }
    assert provider.http.get(f"/v1/charges/{body['id']}").json() == body | {"refunded_minor": 0}


@pytest.mark.parametrize(("token", "code"), [("tok_declined", "card_declined"), ("4242", "invalid_token")])
def test_declined_tokens_move_no_money(provider: Process, token: str, code: str) -> None:
    answer = charge(provider, token=token)
    assert (answer.status_code, answer.json()["status"], answer.json()["decline_code"]) == (
        201,
        "declined",
        code,
    )
    totals = books(provider)["totals"]["EUR"]
    assert (totals["charged_minor"], totals["charges"], totals["declined"]) == (0, 0, 1)


def test_error_token_answers_500_and_leaves_the_key_free(provider: Process) -> None:
    assert charge(provider, token="tok_error").status_code == 500
    assert provider.http.get("/v1/charges", params={"idempotency_key": "k1"}).json() == {"charges": []}
    assert charge(provider).status_code == 201


def test_repeat_with_same_key_returns_first_answer_and_other_body_conflicts(provider: Process) -> None:
    first, again = charge(provider), charge(provider)
    assert (first.status_code, again.status_code) == (201, 200)
    assert again.json() == first.json()
    conflict = charge(provider, amount_minor=1300)
    assert (conflict.status_code, conflict.json()["error"]) == (409, "idempotency_conflict")
    assert books(provider)["totals"]["EUR"]["charged_minor"] == 1299


@pytest.mark.parametrize("token", ["tok_ok", "tok_slow"])
def test_many_requests_at_once_with_one_key_make_one_charge(provider: Process, token: str) -> None:
    with ThreadPoolExecutor(16) as pool:
        answers = list(pool.map(lambda _: charge(provider, token=token), range(16)))
    assert sorted(answer.status_code for answer in answers) == [200] * 15 + [201]
    assert len({answer.json()["id"] for answer in answers}) == 1
    assert len(books(provider)["charges"]) == 1


def test_key_survives_a_kill(start: Start) -> None:
    before = start("payment_provider")
    first = charge(before).json()
    before.kill()
    after = start("payment_provider")
    again = charge(after)
    assert (again.status_code, again.json()) == (200, first)
    assert charge(after, currency="USD").status_code == 409


def test_slow_token_succeeds_after_its_delay(provider: Process) -> None:
    began = monotonic()
    assert charge(provider, token="tok_slow").json()["status"] == "succeeded"
    assert 1.4 < monotonic() - began < 10
    began = monotonic()
    assert charge(provider, token="tok_slow").status_code == 200
    assert monotonic() - began < 1.0


def test_timeout_token_charges_and_holds_only_the_first_answer(provider: Process) -> None:
    with pytest.raises(httpx2.ReadTimeout):
        provider.http.post(
            "/v1/charges",
            json=CHARGE | {"token": "tok_timeout_after_charge"},
            headers={"Idempotency-Key": "k1"},
            timeout=1,
        )
    [found] = provider.http.get("/v1/charges", params={"idempotency_key": "k1"}).json()["charges"]
    assert found["status"] == "succeeded"
    began = monotonic()
    repeat = charge(provider, token="tok_timeout_after_charge")
    assert (repeat.status_code, repeat.json()) == (200, found)
    assert monotonic() - began < 5
    assert provider.stop() == 0  # although the held answer is still open


def test_refunds_together_never_exceed_the_charge(provider: Process) -> None:
    charge_id = charge(provider, amount_minor=1000).json()["id"]
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda n: refund(provider, charge_id, 300, f"r{n}"), range(8)))
    assert sorted(answer.status_code for answer in answers) == [201] * 3 + [422] * 5
    assert {a.json()["error"] for a in answers if a.status_code == 422} == {"refund_exceeds_charge"}
    assert refund(provider, charge_id, 100, "rest").json()["status"] == "succeeded"
    assert refund(provider, charge_id, 1, "more").status_code == 422
    totals = books(provider)["totals"]["EUR"]
    assert (totals["charged_minor"], totals["refunded_minor"], totals["net_minor"]) == (1000, 1000, 0)


def test_refund_keys_repeat_and_conflict_like_charges(provider: Process) -> None:
    charge_id = charge(provider).json()["id"]
    first, again = refund(provider, charge_id, 500, "r"), refund(provider, charge_id, 500, "r")
    assert (first.status_code, again.status_code, first.json()) == (201, 200, again.json())
    assert refund(provider, charge_id, 499, "r").status_code == 409
    assert provider.http.get("/v1/refunds", params={"idempotency_key": "r"}).json() == {
        "refunds": [first.json()]
    }


def test_refund_needs_a_charge_that_succeeded(provider: Process) -> None:
    declined = charge(provider, token="tok_declined").json()["id"]
    assert refund(provider, declined, 1, "a").json()["error"] == "charge_not_succeeded"
    assert refund(provider, "ch_none", 1, "b").status_code == 404


BAD: list[tuple[dict[str, Any], str]] = [
    ({"amount_minor": 12.99}, "amount_minor"),
    ({"amount_minor": 12.0}, "amount_minor"),
    ({"amount_minor": "1299"}, "amount_minor"),
    ({"amount_minor": True}, "amount_minor"),
    ({"amount_minor": -1}, "amount_minor"),
    ({"amount_minor": 0}, "amount_minor"),
    ({"currency": "eur"}, "currency"),
    ({"reference": ""}, "reference"),
    ({"card_number": "x"}, "card_number"),
]


def test_bad_field_is_named(provider: Process) -> None:
    for changes, field in BAD:
        answer = charge(provider, **changes)
        wanted = (400, "invalid_request", field)
        assert (answer.status_code, answer.json()["error"], answer.json()["field"]) == wanted
    assert books(provider)["charges"] == []


def test_bad_requests_answer_json(provider: Process) -> None:
    key = {"Idempotency-Key": "k"}
    assert provider.http.post("/v1/charges", json=CHARGE).json()["error"] == "idempotency_key_required"
    assert provider.http.post("/v1/charges", content=b"{", headers=key).json()["error"] == "invalid_json"
    assert provider.http.post("/v1/charges", content=b"[" * 50_000, headers=key).status_code == 400
    assert provider.http.post("/v1/charges", content=b" " * 70_000, headers=key).status_code == 413
    assert provider.http.get("/v1/nothing").json()["error"] == "not_found"
    assert provider.http.delete("/v1/charges").status_code == 405
    assert provider.http.get("/v1/ledger", params={"limit": 1001}).status_code == 400


def test_ledger_pages_cover_all_entries_once(provider: Process) -> None:
    ids = [charge(provider, f"k{n}", currency="EUR" if n % 2 else "USD").json()["id"] for n in range(5)]
    seen: list[str] = []
    after: int | None = 0
    while after is not None:
        part = books(provider, after=after, limit=2)
        seen += [entry["id"] for entry in part["charges"]]
        assert {currency: t["charges"] for currency, t in part["totals"].items()} == {"EUR": 2, "USD": 3}
        after = part["next_after"]
    assert seen == ids


def test_page_lists_the_books_escaped(provider: Process) -> None:
    charge(provider, reference="<script>alert(1)</script>")
    shown = provider.http.get("/")
    assert "1299" in shown.text
    assert "<script>" not in shown.text
    assert "&lt;script&gt;" in shown.text


def test_control_makes_it_fail_without_effect_and_heals(provider: Process) -> None:
    def control(**plan: Any) -> httpx2.Response:
        return provider.http.post("/_control", json=plan)

    assert control(down=True).json() == {"latency_ms": 0, "error_rate": 0.0, "down": True}
    assert charge(provider).status_code == 503
    assert books(provider)["charges"] == []
    assert control(error_rate=0.5).status_code == 200
    assert [charge(provider, f"k{n}").status_code for n in range(4)] == [201, 500, 201, 500]
    assert control(latency_ms=300).status_code == 200
    began = monotonic()
    assert charge(provider, "late").status_code == 201
    assert monotonic() - began >= 0.3
    assert control(latency_ms=10**9).status_code == 400
    assert control(error_rate=2).status_code == 400
    assert control().json()["latency_ms"] == 0
