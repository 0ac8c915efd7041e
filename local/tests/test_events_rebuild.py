"""Rebuilding a consumer: what would come again, what is refused, and that nothing is skipped, lost or reconfigured."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import asyncpg
import nats
import pytest
from nats.js import JetStreamContext
from nats.js.api import AckPolicy, ConsumerConfig, StreamConfig

from local.errors import LocalError
from local.events import plan as planning
from local.events.consumers import CONSUMERS, consumer
from local.events.forgetting import forget
from local.events.plan import Plan, Start
from local.events.reading import sequence_at
from local.events.rebuild import caught_up, deliver_again
from local.events.since import moment
from local.paths import ROOT
from local.topology import service

pytestmark = pytest.mark.timeout(60)
SHIPPING = consumer("shipping-order")
FORGETFUL = {"order-payment", "order-shipping", "shipping-order", "notification-user"}
SUBJECTS = ("order.confirmed", "order.placed", "order.cancelled")
BEGINNING = Start()
CONFIG = ConsumerConfig(
    durable_name=SHIPPING.name,
    ack_policy=AckPolicy.EXPLICIT,
    ack_wait=30.0,
    max_ack_pending=256,
    filter_subjects=sorted(SHIPPING.reactions),
)


def event_id(number: int) -> uuid.UUID:
    """The id of the event that was published as number `number`, from 1."""
    return uuid.UUID(f"01958f5e-6a00-7000-8000-{number:012}")


@dataclass
class Stream:
    """The stream ORDER with nine events, `confirmed`, `placed`, `cancelled` three times over, and its consumer."""

    broker: JetStreamContext
    subscription: JetStreamContext.PullSubscription

    async def handle(self, count: int) -> list[int]:
        """Acknowledges the next events as the service would; their sequences."""
        messages = await self.subscription.fetch(count, timeout=5)
        for message in messages:
            await message.ack_sync()
        return [message.metadata.sequence.stream for message in messages]

    async def plan(self, start: Start = BEGINNING) -> Plan:
        """The plan as of now."""
        return await planning.made(self.broker, SHIPPING, start, datetime.now(UTC))


@asynccontextmanager
async def _filled(url: str) -> AsyncIterator[Stream]:
    client = await nats.connect(url)
    try:
        broker = client.jetstream()
        await broker.add_stream(StreamConfig(name="ORDER", subjects=["order.>"]))
        for number in range(1, 10):
            headers = {"ce-id": str(event_id(number))}
            await broker.publish(SUBJECTS[(number - 1) % 3], b"", headers=headers)
        await broker.add_consumer("ORDER", CONFIG)
        yield Stream(broker, await broker.pull_subscribe_bind(SHIPPING.name, "ORDER"))
    finally:
        await client.close()


@pytest.fixture
async def stream(nats_server: str) -> AsyncIterator[Stream]:
    async with _filled(nats_server) as filled:
        yield filled


async def test_a_plan_counts_by_subject_and_tells_the_times(stream: Stream) -> None:
    await stream.handle(5)
    whole = await stream.plan()
    assert [(each.subject, each.count) for each in whole.parts] == [
        ("order.cancelled", 3),
        ("order.confirmed", 3),
    ]
    assert (whole.start, whole.count, whole.waiting, whole.last_sequence) == (1, 6, 1, 9)
    cancelled = whole.parts[0]
    first, last = [await stream.broker.get_msg("ORDER", seq=number) for number in (3, 9)]
    assert (cancelled.first, cancelled.last) == (first.time, last.time)
    later = await stream.plan(Start(sequence=4))
    assert [(each.subject, each.count) for each in later.parts] == [
        ("order.cancelled", 2),
        ("order.confirmed", 2),
    ]


async def test_a_time_is_the_first_event_that_came_since(stream: Stream) -> None:
    await stream.handle(6)
    seventh = (await stream.broker.get_msg("ORDER", seq=7)).time
    assert seventh is not None
    assert (await stream.plan(Start(time=seventh))).start == 7
    assert await sequence_at(stream.broker, "ORDER", datetime.now(UTC) + timedelta(days=1)) == 10


async def test_a_start_beyond_what_was_handled_skips_nothing(stream: Stream) -> None:
    assert await stream.handle(2) == [1, 3]
    beyond = await stream.plan(Start(sequence=1000))
    assert (beyond.start, beyond.count) == (4, 4)
    await deliver_again(stream.broker, beyond)
    assert await stream.handle(10) == [4, 6, 7, 9]


async def test_a_consumer_keeps_its_configuration_and_what_it_had_in_hand_is_no_gap(stream: Stream) -> None:
    in_hand = await stream.subscription.fetch(6, timeout=5)
    before = (await stream.broker.consumer_info("ORDER", SHIPPING.name)).config
    await deliver_again(stream.broker, await stream.plan())
    for late in in_hand:
        await late.ack()
    assert (await stream.broker.consumer_info("ORDER", SHIPPING.name)).config == before
    await stream.broker.add_consumer("ORDER", CONFIG)  # as a service does when it starts
    assert await stream.handle(10) == [1, 3, 4, 6, 7, 9]


async def test_progress_is_told_until_all_is_handled_or_the_time_is_up(stream: Stream) -> None:
    await stream.handle(6)
    plan = await stream.plan()
    await deliver_again(stream.broker, plan)
    told: list[int] = []
    assert await caught_up(stream.broker, plan, 0.3, told.append) == 6
    waiting = asyncio.create_task(caught_up(stream.broker, plan, 20, told.append))
    await stream.handle(6)
    assert await waiting == 0
    assert set(told) <= {6, 5, 4, 3, 2, 1}


async def test_events_that_come_meanwhile_do_not_make_it_wait_for_ever(stream: Stream) -> None:
    await stream.handle(6)
    plan = await stream.plan()
    await deliver_again(stream.broker, plan)
    await stream.broker.publish("order.confirmed", b"")
    await stream.handle(6)
    assert await caught_up(stream.broker, plan, 20, lambda _: None) == 0


async def test_a_consumer_that_no_service_has_made_yet_is_said_to_be_missing(stream: Stream) -> None:
    with pytest.raises(LocalError, match=r"no consumer cart-order yet: cart makes it"):
        await planning.made(stream.broker, consumer("cart-order"), Start(), datetime.now(UTC))


async def test_what_a_consumer_no_longer_remembers_is_not_delivered_again(stream: Stream) -> None:
    cart = consumer("cart-order")
    await stream.broker.add_consumer(
        "ORDER",
        ConsumerConfig(
            durable_name=cart.name, ack_policy=AckPolicy.EXPLICIT, filter_subjects=["order.confirmed"]
        ),
    )
    subscription = await stream.broker.pull_subscribe_bind(cart.name, "ORDER")
    for message in await subscription.fetch(3, timeout=5):
        await message.ack_sync()
    today, later = datetime.now(UTC), datetime.now(UTC) + timedelta(days=8)
    assert (await planning.made(stream.broker, cart, Start(sequence=1), today)).count == 3
    with pytest.raises(LocalError, match=r"remembers for 8 days .* --from-sequence 10"):
        await planning.made(stream.broker, cart, Start(sequence=1), later)
    shortened = await planning.made(stream.broker, cart, Start(), later)
    assert (shortened.shortened, shortened.count) == (True, 0)


async def test_only_events_that_may_be_applied_again_are_forgotten(
    stream: Stream, database: Callable[[Path | str], str]
) -> None:
    await stream.handle(6)
    connection = await asyncpg.connect(database(ROOT / "services" / "shipping"))
    try:
        known = [(SHIPPING.name, event_id(number)) for number in (1, 3, 4, 6, 7, 9, 99)]
        others = [("other-order", event_id(number)) for number in (3, 9)]
        await connection.executemany("INSERT INTO inbox VALUES ($1, $2)", known + others)
        assert await forget(stream.broker, connection, await stream.plan(Start(sequence=4))) == 2
        rows = await connection.fetch("SELECT consumer, event_id FROM inbox")
    finally:
        await connection.close()
    gone = {(SHIPPING.name, event_id(6)), (SHIPPING.name, event_id(9))}
    assert {tuple(row) for row in rows} == {*known, *others} - gone


@pytest.mark.parametrize("name", sorted(CONSUMERS.keys() - FORGETFUL))
def test_a_second_effect_is_refused_with_the_reason(name: str) -> None:
    with pytest.raises(LocalError, match=f"{name} may not forget: .*: ") as refusal:
        _ = consumer(name).forgettable
    for reaction in consumer(name).reactions.values():
        assert reaction.why in str(refusal.value)


def test_only_consumers_with_an_inbox_may_forget() -> None:
    may = {name for name, each in CONSUMERS.items() if any(one.again for one in each.reactions.values())}
    assert may == FORGETFUL
    assert all(service(consumer(name).service).data_store == "postgres" for name in may)


def test_an_unknown_consumer_is_told_the_nearest() -> None:
    with pytest.raises(LocalError, match="did you mean shipping-order"):
        consumer("shiping-order")


def test_times_are_ago_or_moments() -> None:
    now = datetime(2026, 3, 1, 12, tzinfo=UTC)
    assert moment("90m", now) == now - timedelta(minutes=90)
    assert moment("3d", now) == now - timedelta(days=3)
    assert moment("2026-02-28T08:00:00+01:00", now) == datetime(2026, 2, 28, 7, tzinfo=UTC)
    assert moment("2026-02-28", now) == datetime(2026, 2, 28, tzinfo=UTC)
    for wrong in ("yesterday", "", "-1h", "1.5h"):
        with pytest.raises(LocalError, match="is no time"):
            moment(wrong, now)
