"""A consumer that is moved back, or taken away, under the running service: it goes on by itself."""

from __future__ import annotations

from functools import partial
from types import SimpleNamespace

import pytest

from meshkit.nats import Nats
from meshkit.postgres import Database
from meshkit.testing import eventually
from services._platform.python.tests.test_inbox import consuming, effects, note, outcomes, publish

STREAM, CONSUMER = "ECHO", "diary-echo"
DEADLINE_S = 20.0


@pytest.fixture
async def stream(broker: Nats) -> Nats:
    """The broker with the stream that is consumed."""
    await broker.ensure_stream(STREAM, ["echo.>"])
    return broker


async def test_a_consumer_that_is_moved_back_repairs_what_was_lost_and_repeats_nothing(
    pool: Database, stream: Nats, echo: SimpleNamespace
) -> None:
    before = outcomes("duplicate")
    async with consuming(pool, stream, echo, note):
        lost, *_ = [await publish(stream, echo, text) for text in ("one", "two", "three")]
        await eventually(lambda: _has(pool, 3), DEADLINE_S)
        async with pool.acquire() as connection:
            await connection.execute("DELETE FROM effects WHERE what = 'one'")
            await connection.execute("DELETE FROM inbox WHERE event_id = $1", lost)
        await stream.jetstream.reset_consumer(STREAM, CONSUMER, seq=1)
        await eventually(lambda: _has(pool, 3), DEADLINE_S)
        await eventually(lambda: outcomes("duplicate") == before + 2, DEADLINE_S)
    assert sorted(await effects(pool)) == ["one", "three", "two"]


async def test_a_consumer_that_is_deleted_is_made_again_and_nothing_is_lost(
    pool: Database, stream: Nats, echo: SimpleNamespace
) -> None:
    before = outcomes("duplicate")
    async with consuming(pool, stream, echo, note):
        await publish(stream, echo, "first")
        await eventually(lambda: _has(pool, 1), DEADLINE_S)
        for deletions in (1, 2):
            await stream.jetstream.delete_consumer(STREAM, CONSUMER)
            await publish(stream, echo, f"after {deletions}")
            await eventually(partial(_has, pool, 1 + deletions), DEADLINE_S)
        await eventually(lambda: outcomes("duplicate") == before + 3, DEADLINE_S)
    assert await effects(pool) == ["first", "after 1", "after 2"]


async def _has(pool: Database, count: int) -> bool:
    return len(await effects(pool)) == count
