"""Cart's books in Redis: which events had their effect on a cart, and what is missing there."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Final

import asyncpg
import nats
import pytest
from nats.js.api import ConsumerConfig, StreamConfig
from redis.asyncio import Redis

from local.audit.books.cart import CartBook
from local.audit.invariants.registry import INVARIANTS
from local.audit.run import Plan, Report, audit
from local.audit.target import Target
from local.errors import LocalError
from local.events.messages import CONSUMER, DLQ_STREAM, REASON
from local.paths import ROOT
from local.tests.test_audit_sources import EVENT, seven

Database = Callable[[str], str]
JUDGED: Final = [each for each in INVARIANTS if each.name in {"events-applied", "dead-letters"}]
APPLIED, LOST, BURIED, REPLAYED = (seven(number) for number in range(1, 5))
FORGOTTEN: Final = seven(5, age_s=8 * 24 * 3600.0)
"""Too old for cart to remember; the stream still has it."""


async def settle(url: str, *events: str) -> None:
    """What cart writes when it handles them, among other keys of its own."""
    async with Redis.from_url(url) as redis:
        await redis.hset("cart:u:u1", ":rev", "1")
        for event in events:
            await redis.set(f"cart:settled:{event}", "1", px=timedelta(days=8))


async def handled(url: str, events: Sequence[str], letters: Sequence[str]) -> None:
    """The stream ORDER with the events, all acknowledged by cart, some as dead letters."""
    client = await nats.connect(url)
    stream = client.jetstream()
    await stream.add_stream(StreamConfig(name="ORDER", subjects=["order.>"]))
    await stream.add_stream(StreamConfig(name=DLQ_STREAM, subjects=["dlq.>"]))
    for event in events:
        await stream.publish("order.confirmed", b"", headers={"ce-id": event})
    config = ConsumerConfig(durable_name="cart-order", filter_subjects=["order.confirmed"])
    await stream.add_consumer("ORDER", config)
    subscription = await stream.pull_subscribe_bind("cart-order", stream="ORDER")
    for message in await subscription.fetch(len(events), timeout=5):
        await message.ack_sync()
    for letter in letters:
        headers = {"ce-id": letter, CONSUMER: "cart-order", REASON: "no user"}
        await stream.publish("dlq.cart-order.order.confirmed", b"", headers=headers)
    await client.close()


async def audited(order: str, broker: str, redis: dict[str, str]) -> Report:
    """An audit of order and, if given, of cart."""
    target = Target(
        name="test",
        services=frozenset({"order", *redis}),
        databases={"order": order},
        redis=redis,
        nats=broker,
    )
    return await audit(target, Plan(invariants=JUDGED, wait_s=0.0, settle_s=0.0), lambda _: None)


async def test_every_event_is_looked_for_in_carts_redis(
    database: Database, nats_server: str, redis_server: str
) -> None:
    order = database(str(ROOT / "services/order"))
    connection = await asyncpg.connect(order)
    events = (APPLIED, LOST, BURIED, REPLAYED, FORGOTTEN)
    for event in events:
        await connection.execute(EVENT, event, "order.confirmed", datetime.now(UTC))
    await connection.close()
    await handled(nats_server, events, (BURIED, REPLAYED))
    await settle(redis_server, APPLIED, REPLAYED)
    read = await audited(order, nats_server, {"cart": redis_server})
    broken = {(each.name, one.id, one.what) for each in read.results for one in each.violations}
    assert broken == {
        ("events-applied", LOST, "order.confirmed had no effect at cart-order"),
        ("dead-letters", BURIED, "order.confirmed was given up by cart-order"),
    }
    applied, letters = (each.figures for each in read.results)
    assert (applied, letters) == ({"applied": 2, "given up": 1}, {"explained": 1})
    assert "cart" not in read.unread
    unread = await audited(order, nats_server, {})
    assert "cart" in unread.unread
    assert unread.results[0].checked == 0, "it judges a consumer whose books it does not read"


async def test_unreadable_redis_is_one_sentence(redis_server: str) -> None:
    where = redis_server.removeprefix("redis://").rpartition("@")[2]
    for url in ("redis://127.0.0.1:1/0", f"redis://nobody:wrong@{where}"):
        with pytest.raises(LocalError, match=r"the books of cart can't be read: \S"):
            async with CartBook(url):
                raise AssertionError("it was opened")
