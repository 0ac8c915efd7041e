"""From a committed row to the broker: in order, once, through every outage."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from types import SimpleNamespace
from typing import Any

import pytest

from meshkit import tracing
from meshkit.clock import FakeClock
from meshkit.nats import Nats
from meshkit.outbox import NewEvent, OutboxRelay, add_event, add_events, event_values, insert_events
from meshkit.postgres import Database
from meshkit.telemetry import OUTBOX_BACKLOG
from meshkit.testing import NatsServer, eventually


@asynccontextmanager
async def relaying(pool: Database, nats: Nats) -> AsyncIterator[OutboxRelay]:
    relay = OutboxRelay("echo", pool, nats)
    await relay.start()
    try:
        yield relay
    finally:
        await relay.stop(3.0)
        assert relay.failure is None


async def say(pool: Database, echo: SimpleNamespace, *texts: str) -> None:
    async with pool.transaction() as connection:
        await add_events(connection, [NewEvent(echo.Said(text=text), "echo.said", "e1") for text in texts])


async def stored(nats: Nats) -> list[Any]:
    """Every message of the stream, in its order."""
    info = await nats.jetstream.stream_info("ECHO")
    return [await nats.jetstream.get_msg("ECHO", seq) for seq in range(1, info.state.messages + 1)]


async def texts(nats: Nats, echo: SimpleNamespace) -> list[str]:
    return [echo.Said.FromString(message.data).text for message in await stored(nats)]


async def published(pool: Database) -> int:
    async with pool.acquire() as connection:
        return int(await connection.fetchval("SELECT count(*) FROM outbox WHERE published_at IS NOT NULL"))


async def test_an_event_carries_its_headers(pool: Database, broker: Nats, echo: SimpleNamespace) -> None:
    clock = FakeClock()
    with tracing.server_span("/x/Y", None) as span:
        async with pool.transaction() as connection:
            event_id = await add_event(
                connection, echo.Said(text="hi"), subject="echo.said", entity_id="e1", clock=clock
            )
    async with relaying(pool, broker):
        await eventually(lambda: published(pool))
        message = (await stored(broker))[0]
    assert message.subject == "echo.said"
    assert message.headers == {
        "Nats-Msg-Id": event_id,
        "ce-id": event_id,
        "ce-specversion": "1.0",
        "ce-type": "meshkit.test.v1.Said",
        "ce-source": "banyan/echo",
        "ce-time": "2026-01-01T00:00:00.000Z",
        "ce-subject": "e1",
        "content-type": "application/protobuf",
        "traceparent": span.context.traceparent,
    }


async def test_a_rolled_back_event_was_never_there(
    pool: Database, broker: Nats, echo: SimpleNamespace
) -> None:
    with pytest.raises(ZeroDivisionError):
        async with pool.transaction() as connection:
            await add_event(connection, echo.Said(text="no"), subject="echo.said", entity_id="e1")
            raise ZeroDivisionError
    await say(pool, echo, "yes")
    async with relaying(pool, broker):
        await eventually(lambda: published(pool))
        assert await texts(broker, echo) == ["yes"]


async def test_a_commit_wakes_the_relay_before_its_poll(
    pool: Database, broker: Nats, echo: SimpleNamespace
) -> None:
    async with relaying(pool, broker):
        await say(pool, echo, "first")
        await eventually(lambda: published(pool))
        began = asyncio.get_running_loop().time()
        for number in range(10):
            await say(pool, echo, str(number))
            await eventually(lambda: _all_published(pool))
        assert asyncio.get_running_loop().time() - began < 5  # ten polls would take ten seconds


async def test_a_commit_of_another_replica_wakes_the_one_that_publishes(
    pool: Database, platform_database: str, broker: Nats, echo: SimpleNamespace
) -> None:
    other = Database(platform_database, pool_max=2)
    await other.start()
    async with relaying(pool, broker), relaying(other, broker):
        await say(pool, echo, "first")
        await eventually(lambda: _all_published(pool))
        began = asyncio.get_running_loop().time()
        for number in range(10):
            await say(other, echo, str(number))
            await say(pool, echo, str(number))
            await eventually(lambda: _all_published(pool))
        assert asyncio.get_running_loop().time() - began < 5  # ten polls would take ten seconds
    await other.stop(1.0)


async def test_events_are_a_clause_of_a_larger_statement(
    pool: Database, broker: Nats, echo: SimpleNamespace
) -> None:
    effect = f"""
        WITH effect AS (INSERT INTO effects (what) SELECT $1 WHERE $2 RETURNING id), told AS ({insert_events(3, "effect")})
        SELECT count(*) FROM effect
    """
    async with relaying(pool, broker):
        for text, wanted in (("no", False), ("yes", True)):
            async with pool.acquire() as connection:
                event = NewEvent(echo.Said(text=text), "echo.said", "e1")
                await connection.fetchval(effect, text, wanted, *event_values(connection, [event]))
        await eventually(lambda: published(pool))
        assert await texts(broker, echo) == ["yes"]


async def _all_published(pool: Database) -> bool:
    async with pool.acquire() as connection:
        return not await connection.fetchval("SELECT count(*) FROM outbox WHERE published_at IS NULL")


async def test_order_is_kept_over_many_batches(pool: Database, broker: Nats, echo: SimpleNamespace) -> None:
    await say(pool, echo, *(str(number) for number in range(700)))
    async with relaying(pool, broker):
        await eventually(lambda: _all_published(pool), deadline_s=20)
    assert await texts(broker, echo) == [str(number) for number in range(700)]
    assert OUTBOX_BACKLOG._value.get() == 0


async def test_a_second_publication_is_dropped_by_its_id(
    pool: Database, broker: Nats, echo: SimpleNamespace
) -> None:
    await say(pool, echo, "a", "b", "c")
    async with relaying(pool, broker):
        await eventually(lambda: _all_published(pool))
    async with pool.acquire() as connection:  # as if the process had died between acknowledgement and mark
        await connection.execute("UPDATE outbox SET published_at = NULL")
    await say(pool, echo, "d")
    async with relaying(pool, broker):
        await eventually(lambda: _all_published(pool))
    assert await texts(broker, echo) == ["a", "b", "c", "d"]


async def test_of_two_relays_one_publishes_and_the_other_takes_over(
    pool: Database, broker: Nats, echo: SimpleNamespace
) -> None:
    first, second = OutboxRelay("echo", pool, broker), OutboxRelay("echo", pool, broker)
    await first.start()
    await second.start()
    for number in range(60):
        await say(pool, echo, str(number))
        if number == 30:
            await first.stop(3.0)
    await eventually(lambda: _all_published(pool), deadline_s=10)
    await second.stop(3.0)
    assert await texts(broker, echo) == [str(number) for number in range(60)]
    assert (first.failure, second.failure) == (None, None)


async def test_events_wait_for_a_broker_that_is_down(
    pool: Database, nats_broker: NatsServer, echo: SimpleNamespace
) -> None:
    nats_broker.process.stop()
    nats = Nats(nats_broker.url, "test")
    await nats.start()
    await say(pool, echo, "early")
    async with relaying(pool, nats):
        await eventually(lambda: OUTBOX_BACKLOG._value.get() == 1)
        nats_broker.process.start()
        await eventually(lambda: _all_published(pool), deadline_s=20)
        assert await texts(nats, echo) == ["early"]
    await nats.stop(1.0)


async def test_a_broker_killed_in_the_middle_loses_and_reorders_nothing(
    pool: Database, nats_broker: NatsServer, echo: SimpleNamespace
) -> None:
    nats = Nats(nats_broker.url, "test")
    await nats.start()
    expected = [str(number) for number in range(400)]
    async with relaying(pool, nats):
        for start in range(0, 400, 20):
            await say(pool, echo, *expected[start : start + 20])
            if start == 200:
                nats_broker.process.kill()
            if start == 300:
                nats_broker.process.start()
        await eventually(lambda: _all_published(pool), deadline_s=40)
    assert await texts(nats, echo) == expected
    await nats.stop(1.0)


async def test_a_lost_database_connection_only_interrupts(
    pool: Database, broker: Nats, echo: SimpleNamespace, postgres_server: Any
) -> None:
    async with relaying(pool, broker):
        await say(pool, echo, "before")
        await eventually(lambda: _all_published(pool))
        postgres_server.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'database-session'"
        )
        await say(pool, echo, "after")
        await eventually(lambda: _all_published(pool), deadline_s=10)
    assert await texts(broker, echo) == ["before", "after"]


async def test_published_events_are_deleted_after_a_week(
    pool: Database, broker: Nats, echo: SimpleNamespace
) -> None:
    await say(pool, echo, "old", "fresh")
    async with pool.acquire() as connection:
        await connection.execute("UPDATE outbox SET published_at = now()")
        await connection.execute(
            "UPDATE outbox SET published_at = now() - interval '8 days' WHERE position = 1"
        )

    async def left() -> bool:
        async with pool.acquire() as connection:
            return [row["position"] for row in await connection.fetch("SELECT position FROM outbox")] == [2]

    async with relaying(pool, broker):
        await eventually(left)
