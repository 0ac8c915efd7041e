"""The chaos client and what is remembered of its requests, against small gateways that misbehave on purpose."""

from __future__ import annotations

import asyncio
import json
import random
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from typing import Any

import pytest

from local.chaos.client import Client, Patience
from local.chaos.ordering import CONFIRMED, Ordering
from local.chaos.people import Person
from local.chaos.records import Placed, Records, Try
from local.chaos.settling import ask_again, settle

QUICK = Patience(try_s=1.0, all_s=5.0)
Reply = tuple[int, dict[str, Any]]


@dataclass
class Gateway:
    """Answers each request with what `script` says next, or its last word again; status 0 hangs up."""

    script: list[Reply]
    heard: list[tuple[str, str, dict[str, str], Any]] = field(default_factory=list)
    url: str = ""

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One connection."""
        while line := (await reader.readline()).decode():
            headers = {}
            while (text := (await reader.readline()).decode().strip()) != "":
                name, _, value = text.partition(":")
                headers[name.lower()] = value.strip()
            body = await reader.readexactly(int(headers.get("content-length", 0)))
            method, path, _ = line.split()
            self.heard.append((method, path, headers, json.loads(body) if body else None))
            status, answer = self.script.pop(0) if len(self.script) > 1 else self.script[0]
            if status == 0:
                break
            payload = json.dumps(answer).encode()
            writer.write(f"HTTP/1.1 {status} X\r\ncontent-length: {len(payload)}\r\n\r\n".encode() + payload)
        writer.close()


Shop = Callable[..., Client]


@pytest.fixture
async def shop() -> AsyncIterator[Any]:
    """Makes a client of these gateways, with records of its own."""
    async with AsyncExitStack() as stack:

        async def make(*gateways: Gateway) -> tuple[Client, Records]:
            for gateway in gateways:
                server = await asyncio.start_server(gateway.serve, "127.0.0.1", 0)
                await stack.enter_async_context(server)
                gateway.url = "http://{}:{}".format(*server.sockets[0].getsockname()[:2])
            records = Records()
            client = Client([gateway.url for gateway in gateways], records, random.Random(1))
            stack.push_async_callback(client.close)
            return client, records

        yield make


def keys(gateway: Gateway) -> list[str]:
    return [headers.get("idempotency-key", "") for _, _, headers, _ in gateway.heard]


async def test_a_request_is_repeated_with_its_key_until_it_is_answered(shop: Any) -> None:
    gateway = Gateway(
        [(503, {"code": "CIRCUIT_OPEN"}), (0, {}), (409, {"code": "ABORTED"}), (201, {"order": 1})]
    )
    client, records = await shop(gateway)
    answer = await client.send("order", "POST", "/v1/orders", {"a": 1}, headers={"idempotency-key": "k"})
    assert (answer.status, keys(gateway)) == (201, ["k"] * 4)
    (request,) = records.requests
    assert [each.status for each in request.tries] == [503, 0, 409, 201]
    assert request.served and not request.tries[2].served


async def test_a_refusal_is_an_answer_and_is_not_repeated(shop: Any) -> None:
    gateway = Gateway([(404, {"code": "ORDER_NOT_FOUND"})])
    client, records = await shop(gateway)
    answer = await client.send("browse", "GET", "/v1/products/x")
    assert (answer.status, answer.code, len(gateway.heard)) == (404, "ORDER_NOT_FOUND", 1)
    assert records.requests[0].served


async def test_gateways_are_asked_in_turn_and_a_broken_one_is_left_alone(shop: Any) -> None:
    good, broken = Gateway([(200, {})]), Gateway([(0, {})])
    client, _ = await shop(good, broken)
    for _ in range(6):
        assert (await client.send("browse", "GET", "/v1/products", patience=QUICK)).good
    assert len(broken.heard) == 1
    fine = Gateway([(200, {})]), Gateway([(200, {})])
    client, _ = await shop(*fine)
    for _ in range(6):
        await client.send("browse", "GET", "/v1/products", patience=QUICK)
    assert [len(each.heard) for each in fine] == [3, 3]


async def test_a_refused_connection_is_tried_elsewhere_at_once(shop: Any, unused_tcp_port: int) -> None:
    """With less patience than the first pause: whoever paused would be served no more."""
    good = Gateway([(200, {})])
    await shop(good)
    records = Records()
    client = Client([f"http://127.0.0.1:{unused_tcp_port}", good.url], records, random.Random(1))
    patience = Patience(try_s=1.0, all_s=0.09)
    assert (await client.send("browse", "GET", "/", patience=patience)).good
    assert [(tried.status, tried.code) for tried in records.requests[0].tries] == [
        (0, "ConnectError"),
        (200, ""),
    ]
    await client.close()


async def test_patience_ends(shop: Any) -> None:
    client, records = await shop(Gateway([(503, {"code": "DOWN"})]))
    answer = await client.send("browse", "GET", "/", patience=Patience(try_s=0.2, all_s=0.5))
    assert (answer.status, answer.code) == (503, "DOWN")
    assert not records.requests[0].served
    assert 2 <= len(records.requests[0].tries) <= 8


async def test_a_refused_token_is_renewed_once(shop: Any) -> None:
    gateway = Gateway(
        [(201, {"accessToken": "old"}), (401, {}), (201, {"accessToken": "new"}), (200, {"a": 1})]
    )
    client, _ = await shop(gateway)
    person = await Person.known(client, "a@example.com", "secret")
    assert (await person.send("cancel", "POST", "/v1/x", {}, key="k")).good
    tokens = [headers.get("authorization") for _, path, headers, _ in gateway.heard if path == "/v1/x"]
    assert tokens == ["Bearer old", "Bearer new"]
    assert [key for key in keys(gateway) if key] == ["k", "k"]


def order(order_id: str, state: str = CONFIRMED) -> dict[str, Any]:
    return {"orderId": order_id, "state": state}


@pytest.fixture
async def ordering(shop: Any) -> Any:
    """Makes somebody who orders from a gateway that answers so."""

    async def make(*script: Reply) -> tuple[Ordering, Client, Records, Person]:
        client, records = await shop(Gateway([(201, {"accessToken": "t"}), *script]))
        person = await Person.known(client, "a@example.com", "secret")
        return Ordering(client, records, [person], person, ["p"]), client, records, person

    return make


async def test_what_was_told_is_remembered(ordering: Any) -> None:
    buyer, _, records, _ = await ordering((201, {"order": order("o1")}))
    placed = await buyer.place(Placed("k", 0, {}))
    assert (placed.order_id, placed.told, records.orders, records.odd) == ("o1", CONFIRMED, [placed], [])


async def test_a_business_refusal_is_an_end_and_any_other_refusal_is_odd(ordering: Any) -> None:
    buyer, _, records, _ = await ordering(
        (409, {"code": "CART_EMPTY"}), (422, {"code": "IDEMPOTENCY_KEY_REUSED"})
    )
    assert (await buyer.place(Placed("k", 0, {}))).told == "CART_EMPTY"
    await buyer.place(Placed("l", 0, {}))
    assert records.odd == ["an order was answered 422 IDEMPOTENCY_KEY_REUSED"]


async def test_one_key_with_two_orders_is_odd(ordering: Any) -> None:
    buyer, _, records, _ = await ordering((201, {"order": order("o1")}), (201, {"order": order("o2")}))
    placed = await buyer.place(Placed("k", 0, {}))
    await buyer.place(placed)
    assert records.odd == ["one key, two orders: o1 and o2 for k"]


async def test_silent_orders_are_asked_for_again_with_their_key(ordering: Any) -> None:
    buyer, _, records, _ = await ordering((201, {"order": order("o1")}))
    records.orders = [Placed("silent", 0, {"a": 1}), Placed("told", 0, {}, "o0", CONFIRMED)]
    await ask_again(records, buyer)
    assert [(each.order_id, each.told) for each in records.orders] == [("o1", CONFIRMED), ("o0", CONFIRMED)]
    assert [each.what for each in records.requests] == ["session", "order"]


async def test_settling_reads_all_pages_and_waits_for_the_last_order(ordering: Any) -> None:
    pending = order("o2", "ORDER_STATE_PENDING")
    _, client, _, person = await ordering(
        (200, {"orders": [order("o1")], "nextPageToken": "2"}),
        (200, {"orders": [pending]}),
        (200, {"orders": [order("o1")], "nextPageToken": "2"}),
        (200, {"orders": [order("o2")]}),
    )
    settled = await settle(client, [person], client.now_s())
    assert settled.states == {"o1": CONFIRMED, "o2": CONFIRMED}
    assert settled.unfinished == []
    assert settled.finished_after_s is not None


async def test_settling_gives_up_after_its_limit(ordering: Any) -> None:
    _, client, _, person = await ordering((200, {"orders": [order("o1", "ORDER_STATE_PENDING")]}))
    settled = await settle(client, [person], client.now_s() - 61)
    assert (settled.unfinished, settled.finished_after_s) == (["o1"], None)


@pytest.mark.parametrize(
    ("status", "code", "served"),
    [(200, "", True), (404, "X", True), (409, "CART_EMPTY", True), (409, "REQUEST_IN_PROGRESS", False)]
    + [(status, "", False) for status in (0, 401, 429, 500, 503)],
)
def test_a_try_is_served_when_the_shop_has_done_its_work(status: int, code: str, served: bool) -> None:
    assert Try(0.0, 0.1, status, code).served is served
