"""SMS and push are kept once per key."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import httpx2
import pytest

from .conftest import Process


def send(sinks: Process, kind: str, key: str, body: str = "hi") -> httpx2.Response:
    """POST /v1/sms or /v1/push."""
    message = {"to": "+4930123", "body": body}
    return sinks.http.post(f"/v1/{kind}", json=message, headers={"Idempotency-Key": key})


@pytest.mark.parametrize("kind", ["sms", "push"])
def test_one_message_per_key(sinks: Process, kind: str) -> None:
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda _: send(sinks, kind, "k"), range(8)))
    assert sorted(answer.status_code for answer in answers) == [200] * 7 + [201]
    [answer] = {answer.text for answer in answers}
    [kept] = sinks.http.get("/v1/ledger").json()[kind]
    assert (kept["to"], kept["body"], kept["idempotency_key"]) == ("+4930123", "hi", "k")
    assert kept["id"] in answer
    assert send(sinks, kind, "k", "other").status_code == 409


def test_kinds_have_keys_of_their_own(sinks: Process) -> None:
    assert send(sinks, "sms", "k").status_code == send(sinks, "push", "k").status_code == 201
    assert sinks.http.get("/v1/ledger", params={"limit": 1}).json()["totals"] == {"sms": 1, "push": 1}


def test_bad_requests_are_refused(sinks: Process) -> None:
    assert sinks.http.post("/v1/sms", json={"to": "x", "body": "y"}).status_code == 400
    assert (
        sinks.http.post("/v1/sms", json={"to": "x"}, headers={"Idempotency-Key": "k"}).json()["field"]
        == "body"
    )
    assert sinks.http.post("/v1/fax", json={}).status_code == 404


def test_control_switches_it_off(sinks: Process) -> None:
    assert sinks.http.post("/_control", json={"down": True}).status_code == 200
    assert send(sinks, "sms", "k").status_code == 503
    assert sinks.http.post("/_control", json={}).status_code == 200
    assert send(sinks, "sms", "k").status_code == 201
