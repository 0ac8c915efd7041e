"""Events from outside: the newest ones, dead letters, and sending them again."""

from __future__ import annotations

import nats
from nats.js.api import StreamConfig

from banyan.order.v1 import order_events_pb2, order_pb2
from local.events import broker
from local.events.messages import CONSUMER, DLQ_STREAM, REASON


def _headers(event_id: str, **more: str) -> dict[str, str]:
    return {
        "ce-id": event_id,
        "ce-type": "banyan.order.v1.OrderPlaced",
        "ce-time": "2026-01-01T00:00:00Z",
        **more,
    }


async def _fill(url: str, count: int) -> None:
    client = await nats.connect(url)
    stream = client.jetstream()
    await stream.add_stream(StreamConfig(name="ORDER", subjects=["order.>"]))
    await stream.add_stream(StreamConfig(name=DLQ_STREAM, subjects=["dlq.>"]))
    for number in range(count):
        order = order_events_pb2.OrderPlaced(order=order_pb2.Order(order_id=f"o{number}"))
        subject = "order.placed" if number % 2 else "order.rejected"
        await stream.publish(subject, order.SerializeToString(), headers=_headers(f"id{number}"))
    await client.close()


async def test_newest_events_come_oldest_first_with_their_data(nats_server: str) -> None:
    await _fill(nats_server, 7)
    async with broker.connected(nats_server) as connection:
        assert await broker.streams(connection) == ["ORDER"]
        found = await broker.last(connection, "ORDER", 2, "order.placed")
        everything = await broker.last(connection, "ORDER", 100, "order.>")
    assert [event.body()["order"]["orderId"] for event in found] == ["o3", "o5"]
    assert len(everything) == 7


async def test_unreadable_event_is_shown_as_such(nats_server: str) -> None:
    await _fill(nats_server, 0)
    async with broker.connected(nats_server) as connection:
        await connection.publish("order.placed", b"\xff\xff", headers=_headers("bad"))
        await connection.publish("order.placed", b"", headers=_headers("odd", **{"ce-type": "some.Thing"}))
        bad, odd = await broker.last(connection, "ORDER", 2)
    assert bad.body() == "not a banyan.order.v1.OrderPlaced, 2 bytes"
    assert odd.body() == "unknown type 'some.Thing', 0 bytes"


async def test_replayed_letter_goes_back_to_its_subject_and_leaves_the_queue(nats_server: str) -> None:
    await _fill(nats_server, 1)
    async with broker.connected(nats_server) as connection:
        data = order_events_pb2.OrderPlaced().SerializeToString()
        headers = _headers("id9", **{REASON: "no room", CONSUMER: "shipping-order", "Nats-Msg-Id": "x"})
        await connection.publish("dlq.shipping-order.order.placed", data, headers=headers)
        (letter,) = await broker.last(connection, DLQ_STREAM, 10)
        assert (letter.subject, letter.as_json()["reason"]) == ("order.placed", "no room")
        await broker.replay(connection, [letter])
        assert await broker.last(connection, DLQ_STREAM, 10) == []
        (again,) = await broker.last(connection, "ORDER", 1)
    assert again.headers["ce-id"] == "id9"
    assert REASON not in again.headers
    assert again.headers["Nats-Msg-Id"] == "id9.replay.1"


def test_patterns_match_as_the_broker_s_do() -> None:
    assert broker.matches("order.placed", "")
    assert broker.matches("order.placed", "order.*")
    assert broker.matches("order.placed", "order.>")
    assert broker.matches("order.placed", "order.placed")
    assert not broker.matches("order.placed", "order")
    assert not broker.matches("order", "order.>")
    assert not broker.matches("order.placed", "payment.*")
