"""Each event has its effect once, whatever fails, and what cannot be handled is kept with its reason."""

from __future__ import annotations

import asyncio
import time
import uuid
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from types import SimpleNamespace
from typing import Any

import pytest

from meshkit import tracing
from meshkit.clock import uuid7, uuid7_at
from meshkit.context import current_deadline
from meshkit.events import Event, event_headers
from meshkit.inbox import InboxConsumer
from meshkit.nats import Nats
from meshkit.postgres import Connection, Database
from meshkit.telemetry import INBOX_EVENTS
from meshkit.testing import FakeClock, NatsServer, eventually
from meshkit.tracecontext import current_trace

QUICK = (0.01, 0.01, 0.01, 0.01, 0.01)


@asynccontextmanager
async def consuming(
    pool: Database, nats: Nats, echo: SimpleNamespace, handler: Any, **more: Any
) -> AsyncIterator[InboxConsumer]:
    handlers = {"echo.said": (echo.Said, handler)}
    consumer = InboxConsumer("diary", "ECHO", handlers, pool, nats, backoff_s=QUICK, **more)
    await consumer.start()
    try:
        yield consumer
    finally:
        await consumer.stop(3.0)
        assert consumer.failure is None


async def note(event: Event, connection: Connection) -> None:
    """The usual effect: a row."""
    await connection.execute("INSERT INTO effects (what) VALUES ($1)", event.message.text)


async def publish(nats: Nats, echo: SimpleNamespace, text: str, **changes: Any) -> str:
    event_id = changes.pop("event_id", uuid7())
    headers = event_headers(
        event_id=event_id,
        type_name=changes.pop("type_name", "meshkit.test.v1.Said"),
        source="banyan/echo",
        time=FakeClock().now(),
        entity_id=changes.pop("entity_id", "e1"),
        extra=changes.pop("extra", {}),
    )
    headers["Nats-Msg-Id"] = changes.pop("msg_id", event_id)
    data = changes.pop("data", echo.Said(text=text).SerializeToString())
    await nats.jetstream.publish("echo.said", data, headers=headers)
    return str(event_id)


async def effects(pool: Database) -> list[str]:
    async with pool.acquire() as connection:
        return [row["what"] for row in await connection.fetch("SELECT what FROM effects ORDER BY id")]


async def acknowledged(nats: Nats) -> int:
    """How many events the consumer has answered for good."""
    info = await nats.jetstream.consumer_info("ECHO", "diary-echo")
    assert info.ack_floor is not None
    return int(info.ack_floor.stream_seq)


def outcomes(outcome: str) -> float:
    return float(INBOX_EVENTS.labels("diary-echo", "echo.said", outcome)._value.get())


@pytest.fixture
async def stream(broker: Nats) -> Nats:
    await broker.ensure_stream("ECHO", ["echo.>"])
    return broker


async def test_the_handler_sees_the_whole_event(pool: Database, stream: Nats, echo: SimpleNamespace) -> None:
    seen: list[Event] = []

    async def handler(event: Event, connection: Connection) -> None:
        seen.append(event)

    async with consuming(pool, stream, echo, handler):
        event_id = await publish(stream, echo, "hi", entity_id="e7")
        await eventually(lambda: seen)
    event = seen[0]
    assert (event.id, event.subject, event.entity_id, event.delivery_count) == (
        event_id,
        "echo.said",
        "e7",
        1,
    )
    assert (event.type, event.time, event.message.text) == ("meshkit.test.v1.Said", FakeClock().now(), "hi")


async def test_a_duplicate_has_no_second_effect(pool: Database, stream: Nats, echo: SimpleNamespace) -> None:
    before = outcomes("duplicate")
    async with consuming(pool, stream, echo, note):
        event_id = await publish(stream, echo, "once")
        await publish(stream, echo, "once", event_id=event_id, msg_id="past the broker's window")
        await eventually(lambda: _reached(stream, 2))
    assert await effects(pool) == ["once"]
    assert outcomes("duplicate") == before + 1


async def _reached(nats: Nats, count: int) -> bool:
    return await acknowledged(nats) >= count


async def test_a_failed_handler_leaves_nothing_and_is_tried_again(
    pool: Database, stream: Nats, echo: SimpleNamespace
) -> None:
    deliveries: list[int] = []

    async def handler(event: Event, connection: Connection) -> None:
        await note(event, connection)
        deliveries.append(event.delivery_count)
        if event.delivery_count < 3:
            raise ConnectionError("a neighbour is down")

    async with consuming(pool, stream, echo, handler):
        await publish(stream, echo, "at last")
        await eventually(lambda: _reached(stream, 1))
    assert deliveries == [1, 1, 2, 3]  # in company, then alone
    assert await effects(pool) == ["at last"]


async def test_a_poisonous_event_goes_to_the_dead_letters_with_its_reason(
    pool: Database, stream: Nats, echo: SimpleNamespace
) -> None:
    tries = 0

    async def handler(event: Event, connection: Connection) -> None:
        nonlocal tries
        if event.message.text == "poison":
            tries += 1
            raise ValueError("cannot\nstomach this")
        await note(event, connection)

    async with consuming(pool, stream, echo, handler):
        event_id = await publish(
            stream, echo, "poison", extra={"traceparent": f"00-{'a' * 32}-{'b' * 16}-01"}
        )
        await publish(stream, echo, "food", entity_id="e2")
        await eventually(lambda: _reached(stream, 2), deadline_s=15)
    assert tries == 1 + 6  # in company, then alone
    assert await effects(pool) == ["food"]
    letter = await stream.jetstream.get_last_msg("DLQ", "dlq.diary-echo.echo.said")
    assert letter.headers is not None
    assert letter.headers["banyan-dlq-reason"] == "ValueError: cannot stomach this"
    assert letter.headers["banyan-dlq-consumer"] == "diary-echo"
    assert letter.headers["ce-id"] == event_id
    assert letter.headers["traceparent"] == f"00-{'a' * 32}-{'b' * 16}-01"
    assert letter.data == echo.Said(text="poison").SerializeToString()


@pytest.mark.parametrize(
    "damage", [{"data": b"\xff\xff"}, {"type_name": "other.v1.Type"}, {"event_id": "not-a-uuid"}], ids=str
)
async def test_a_malformed_event_is_dead_lettered_at_once(
    damage: dict[str, Any], pool: Database, stream: Nats, echo: SimpleNamespace
) -> None:
    async with consuming(pool, stream, echo, note):
        await publish(stream, echo, "broken", **damage)
        await publish(stream, echo, "whole")
        await eventually(lambda: _reached(stream, 2))
    assert await effects(pool) == ["whole"]
    letter = await stream.jetstream.get_last_msg("DLQ", "dlq.diary-echo.echo.said")
    assert letter.headers is not None
    assert letter.headers["banyan-dlq-reason"].startswith("malformed: ")


async def test_a_crash_between_effect_and_acknowledgement_has_no_second_effect(
    pool: Database, stream: Nats, echo: SimpleNamespace
) -> None:
    committed = asyncio.Event()
    consumer = InboxConsumer("diary", "ECHO", {"echo.said": (echo.Said, note)}, pool, stream)
    apply = consumer._apply

    async def crash(events: Sequence[Event], handle: Any) -> set[uuid.UUID]:
        fresh = await apply(events, handle)
        committed.set()
        await asyncio.sleep(60)  # never acknowledges: the process is as good as dead
        return fresh

    consumer._apply = crash  # type: ignore[method-assign]
    await consumer.start()
    await publish(stream, echo, "once")
    await committed.wait()
    await consumer.stop(0.05)
    message = await stream.jetstream.get_msg("ECHO", 1)
    assert message.headers is not None
    again = {**message.headers, "Nats-Msg-Id": "redelivered"}  # what the broker does 30 s later
    await stream.jetstream.publish("echo.said", message.data or b"", headers=again)
    async with consuming(pool, stream, echo, note):
        await eventually(lambda: _delivered(stream, 2))
        await eventually(lambda: outcomes("duplicate") >= 1)
    assert await effects(pool) == ["once"]


async def _delivered(nats: Nats, count: int) -> bool:
    info = await nats.jetstream.consumer_info("ECHO", "diary-echo")
    return info.delivered is not None and info.delivered.stream_seq >= count


async def test_a_consumer_waits_for_its_stream(pool: Database, broker: Nats, echo: SimpleNamespace) -> None:
    async with consuming(pool, broker, echo, note):
        await asyncio.sleep(0.3)  # long enough to have asked in vain
        await broker.ensure_stream("ECHO", ["echo.>"])
        await publish(broker, echo, "late")
        await eventually(lambda: _has(pool, ["late"]), deadline_s=10)


async def _has(pool: Database, expected: list[str]) -> bool:
    return await effects(pool) == expected


async def test_consuming_goes_on_after_the_broker_restarted(
    pool: Database, nats_broker: NatsServer, echo: SimpleNamespace
) -> None:
    nats = Nats(nats_broker.url, "test")
    await nats.start()
    await nats.wait_connected()
    await nats.ensure_stream("ECHO", ["echo.>"])
    async with consuming(pool, nats, echo, note):
        await publish(nats, echo, "before")
        await eventually(lambda: _has(pool, ["before"]))
        nats_broker.process.kill()
        await eventually(lambda: not nats.connected)
        nats_broker.process.start()
        await eventually(lambda: nats.connected, deadline_s=15)
        await publish(nats, echo, "after")
        await eventually(lambda: _has(pool, ["before", "after"]), deadline_s=15)
    await nats.stop(1.0)


async def test_events_of_one_entity_are_handled_in_order_and_others_meanwhile(
    pool: Database, stream: Nats, echo: SimpleNamespace
) -> None:
    release, order = asyncio.Event(), []

    async def handler(event: Event, connection: Connection) -> None:
        if event.message.text == "slow":
            await release.wait()
        order.append((event.entity_id, event.message.text))

    async with consuming(pool, stream, echo, handler):
        await publish(stream, echo, "slow", entity_id="a")
        await publish(stream, echo, "next", entity_id="a")
        for number in range(8):
            await publish(stream, echo, "other", entity_id=f"b{number}")
        await eventually(lambda: any(text == "other" for _, text in order))
        assert ("a", "next") not in order
        release.set()
        await eventually(lambda: len(order) == 10)
    assert [text for entity, text in order if entity == "a"] == ["slow", "next"]


async def test_events_that_wait_have_their_effects_together(
    pool: Database, stream: Nats, echo: SimpleNamespace
) -> None:
    expected = [str(number) for number in range(40)]
    for text in expected:
        await publish(stream, echo, text, entity_id=f"e{int(text) % 7}")
    async with consuming(pool, stream, echo, note):
        await eventually(lambda: _has(pool, expected))
        await eventually(lambda: _reached(stream, 40))
    async with pool.acquire() as connection:
        assert await connection.fetchval("SELECT count(DISTINCT xmin::text) FROM effects") < 10


async def test_a_poisonous_event_takes_no_other_with_it(
    pool: Database, stream: Nats, echo: SimpleNamespace
) -> None:
    async def handler(event: Event, connection: Connection) -> None:
        await note(event, connection)
        if event.message.text == "poison":
            await connection.execute("SELECT 1/0")

    for number in range(20):
        await publish(stream, echo, "poison" if number == 10 else "food", entity_id=f"e{number}")
    async with consuming(pool, stream, echo, handler):
        await eventually(lambda: _has(pool, ["food"] * 19), deadline_s=15)
        await eventually(lambda: _reached(stream, 20), deadline_s=15)
    assert await effects(pool) == ["food"] * 19


async def test_events_wait_while_the_own_database_is_away(
    pool: Database, stream: Nats, echo: SimpleNamespace
) -> None:
    dead_before = outcomes("dead_lettered")
    away = Database("postgres://postgres@127.0.0.1:1/none", pool_max=2)
    await away.start()
    consumer = InboxConsumer("diary", "ECHO", {"echo.said": (echo.Said, note)}, away, stream, backoff_s=QUICK)
    await consumer.start()
    await publish(stream, echo, "patience")
    await eventually(lambda: _delivered(stream, 1))
    consumer._database = pool  # it is back
    await eventually(lambda: _has(pool, ["patience"]))
    await consumer.stop(3.0)
    await away.stop(0)
    assert outcomes("dead_lettered") == dead_before


async def test_what_cannot_come_again_is_forgotten(
    pool: Database, stream: Nats, echo: SimpleNamespace
) -> None:
    ages = [(40, "diary-echo"), (40, "another"), (10, "diary-echo")]
    async with pool.acquire() as connection:
        for days, consumer in ages:
            event_id = uuid7_at(time.time() - days * 86_400)
            await connection.execute(
                "INSERT INTO inbox (consumer, event_id) VALUES ($1, $2)", consumer, event_id
            )

    async def left() -> bool:
        async with pool.acquire() as connection:
            rows = await connection.fetch("SELECT consumer FROM inbox ORDER BY consumer")
        return [row["consumer"] for row in rows] == ["another", "diary-echo"]

    async with consuming(pool, stream, echo, note):
        await eventually(left)


async def test_the_handler_runs_in_the_producers_trace(
    pool: Database, stream: Nats, echo: SimpleNamespace
) -> None:
    traces: list[Any] = []

    async def handler(event: Event, connection: Connection) -> None:
        traces.append(current_trace())

    with tracing.server_span("/x/Y", None) as producer:
        extra = {"traceparent": producer.context.traceparent}
    async with consuming(pool, stream, echo, handler):
        await publish(stream, echo, "hi", extra=extra)
        await eventually(lambda: traces)
    assert traces[0].trace_id == producer.context.trace_id
    assert traces[0].span_id != producer.context.span_id
    assert current_deadline() is None
