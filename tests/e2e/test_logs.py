"""No log line has what it must not have."""

from __future__ import annotations

import json

from tests.support.eventually import eventually
from tests.support.goods import new_product
from tests.support.mesh import RunningMesh
from tests.support.shop import ADDRESS, PASSWORD, Shop

SERVICES = ("gateway", "user", "product", "cart", "inventory", "order", "payment", "shipping", "notification")


def test_logs_are_json_and_hold_no_personal_data(mesh: RunningMesh, buyer: Shop, staff: Shop) -> None:
    order = buyer.place((new_product(staff, stock=1), 1))
    eventually(lambda: len(mesh.mails(buyer.email)) >= 2)
    token = buyer.http.headers["authorization"].removeprefix("Bearer ")
    secrets = [
        buyer.email,
        PASSWORD,
        token,
        buyer.refresh_token,
        "tok_ok",
        str(ADDRESS["recipientName"]),
        str(ADDRESS["addressLines"][0]),
        *mesh.staff,
    ]
    assert order["orderId"]
    for service in SERVICES:
        lines = (mesh.logs / f"{service}.jsonl").read_text().splitlines()
        assert lines, f"{service} says nothing"
        for line in lines:
            entry = json.loads(line)
            assert {"time", "level", "event"} <= set(entry), (service, line[:300])
            for secret in secrets:
                assert secret not in line, f"{service} logs what it must not: {line[:400]}"


def test_one_trace_id_follows_an_order(mesh: RunningMesh, buyer: Shop, staff: Shop) -> None:
    product = new_product(staff, stock=0)
    trace = "1af7651916cd43dd8448eb211c80319c"
    header = f"00-{trace}-b7ad6b7169203331-01"
    buyer.call(
        "POST",
        "/v1/orders",
        buyer.order_body((product, 1)),
        expect=201,
        Idempotency_Key="traced",
        traceparent=header,
    )
    log = mesh.logs / "gateway.jsonl"
    line = eventually(lambda: next((each for each in log.read_text().splitlines() if trace in each), ""))
    assert json.loads(line)["trace_id"] == trace
