"""Reading real stores for the audit: read-only books, consumers, streams, dead letters, and what is under way."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import asyncpg
import nats
import pytest
from nats.js import JetStreamContext
from nats.js.api import ConsumerConfig, StreamConfig

from local.audit.books.connection import Book
from local.audit.cases import Case, EventCase
from local.audit.gather import GATHERERS, read
from local.audit.invariants.registry import INVARIANTS
from local.audit.quiet import under_way, wait_for_quiet
from local.audit.rules import Rules
from local.audit.run import Plan, audit
from local.audit.sources import opened
from local.audit.target import WITH_BOOKS, Target
from local.audit.verdict import Verdict, Violation
from local.errors import LocalError
from local.events import broker, state
from local.events.messages import CONSUMER, DLQ_STREAM, REASON
from local.paths import ROOT

Database = Callable[[str], str]
EVENT = (
    "INSERT INTO outbox (id, subject, type, entity_id, data, published_at) VALUES ($1, $2, 'x', 'o1', '', $3)"
)


async def change(dsn: str, statement: str, *arguments: object) -> None:
    """Writes into a book as its service does."""
    connection = await asyncpg.connect(dsn)
    await connection.execute(statement, *arguments)
    await connection.close()


def target(databases: dict[str, str], url: str = "") -> Target:
    """A target with these sources."""
    return Target(name="test", services=frozenset(databases), databases=databases, nats=url)


def seven(number: int, age_s: float = 60.0) -> str:
    """A UUIDv7 of a minute ago, or of `age_s` seconds ago."""
    millis = int((datetime.now(UTC).timestamp() - age_s) * 1000)
    return str(uuid.UUID(int=(millis << 80) | (7 << 76) | (2 << 62) | number))


async def streams(context: JetStreamContext, events: list[str], *, letter: str = "") -> None:
    """The stream ORDER with these events, shipping's consumer on it, and a dead letter."""
    await context.add_stream(StreamConfig(name="ORDER", subjects=["order.>"]))
    await context.add_stream(StreamConfig(name=DLQ_STREAM, subjects=["dlq.>"]))
    for event in events:
        await context.publish("order.confirmed", b"", headers={"ce-id": event})
    config = ConsumerConfig(durable_name="shipping-order", filter_subjects=["order.confirmed"], ack_wait=30)
    await context.add_consumer("ORDER", config)
    if letter:
        headers = {"ce-id": letter, CONSUMER: "shipping-order", REASON: "no room"}
        await context.publish("dlq.shipping-order.order.confirmed", b"", headers=headers)


async def acknowledge(context: JetStreamContext, count: int) -> None:
    """Shipping's consumer takes so many events."""
    subscription = await context.pull_subscribe_bind("shipping-order", stream="ORDER")
    for message in await subscription.fetch(count, timeout=5):
        await message.ack_sync()


async def test_book_can_not_be_written(database: Database) -> None:
    async with Book("order", database(str(ROOT / "services/order"))) as book:
        with pytest.raises(LocalError, match=r"the books of order can't be read: .*read-only"):
            await book.fetch("DELETE FROM outbox")


async def test_snapshot_does_not_see_what_comes_later(database: Database) -> None:
    dsn = database(str(ROOT / "services/order"))
    async with Book("order", dsn) as book:
        await book.begin_snapshot()
        await change(dsn, EVENT, seven(1), "order.placed", None)
        assert [row async for row in book.rows("SELECT id FROM outbox")] == []


async def test_unreachable_book_is_named() -> None:
    with pytest.raises(LocalError, match="the books of payment can't be read"):
        async with Book("payment", "postgres://payment@127.0.0.1:1/payment"):
            raise AssertionError("it was opened")


async def test_unreachable_broker_is_one_sentence(
    database: Database, caplog: pytest.LogCaptureFixture
) -> None:
    dsn = database(str(ROOT / "services/order"))
    with pytest.raises(LocalError, match="the broker does not answer"):
        async with opened(target({"order": dsn}, "nats://127.0.0.1:1")):
            raise AssertionError("it was opened")
    assert [record for record in caplog.records if record.name.startswith("nats")] == []


async def test_every_reader_fits_its_service_s_tables(database: Database) -> None:
    databases = {name: database(str(ROOT / "services" / name)) for name in WITH_BOOKS}
    async with opened(target(databases)) as sources:
        held = await read(sources, datetime.now(UTC))
        found: list[Case] = []
        for gather in GATHERERS.values():
            found += [case async for case in gather(sources, held)]
        assert await under_way(sources) == ()
    assert found == []


async def test_events_are_followed_from_outbox_to_inbox(database: Database, nats_server: str) -> None:
    databases = {name: database(str(ROOT / "services" / name)) for name in ("order", "shipping")}
    applied, lost, buried, unsent, unpublished, foreign = (seven(number) for number in range(1, 7))
    now = datetime.now(UTC)
    for event in (applied, lost, buried, unsent):
        await change(databases["order"], EVENT, event, "order.confirmed", now)
    await change(databases["order"], EVENT.replace("'o1'", "'o2'"), unpublished, "order.placed", None)
    inbox = "INSERT INTO inbox (consumer, event_id) VALUES ('shipping-order', $1)"
    await change(databases["shipping"], inbox, applied)
    client = await nats.connect(nats_server)
    await streams(client.jetstream(), [applied, lost, buried, foreign], letter=buried)
    await acknowledge(client.jetstream(), 3)
    async with opened(target(databases, nats_server)) as sources:
        held = await read(sources, now + timedelta(seconds=1))
        cases = [case async for case in GATHERERS[EventCase](sources, held)]
    broken = {
        (each.name, violation.id)
        for each in INVARIANTS
        if each.of is EventCase
        for case in cases
        for violation in _violations(each.judge, case)
    }
    await client.close()
    assert broken == {
        ("events-applied", lost),
        ("events-in-streams", unsent),
        ("events-in-outboxes", foreign),
    }


def _violations(judge: Callable[..., Verdict | None], case: Case) -> tuple[Violation, ...]:
    now = datetime.now(UTC)
    verdict = judge(case, Rules(now=now, cutoff=now, quiet=True))
    return verdict.violations if verdict else ()


async def test_consumer_tells_how_far_it_is_and_since_when_it_is_behind(nats_server: str) -> None:
    client = await nats.connect(nats_server)
    before = datetime.now(UTC) - timedelta(seconds=1)
    await streams(client.jetstream(), ["a", "b", "c"])
    await acknowledge(client.jetstream(), 1)
    async with broker.connected(nats_server) as context:
        (consumer,) = await state.consumers(context)
        contents = await state.contents(context, "ORDER", datetime.now(UTC))
        missing = await state.contents(context, "PAYMENT", datetime.now(UTC))
    await client.close()
    assert (consumer.name, consumer.waiting, consumer.passed) == ("shipping-order", 2, 1)
    assert consumer.behind_since is not None and consumer.behind_since > before
    assert contents.sequences == {"a": (1,), "b": (2,), "c": (3,)}
    assert missing.sequences == {}


async def test_stream_that_forgot_its_begin_says_since_when_it_is_complete(nats_server: str) -> None:
    client = await nats.connect(nats_server)
    context, before = client.jetstream(), datetime.now(UTC)
    await streams(context, [str(number) for number in range(1200)])
    await context.purge_stream("ORDER", seq=11)
    contents = await state.contents(context, "ORDER", datetime.now(UTC))
    await client.close()
    assert len(contents.sequences) == 1190
    assert contents.kept_since >= before - timedelta(seconds=1)


async def test_waiting_ends_when_nothing_is_under_way(database: Database) -> None:
    dsn = database(str(ROOT / "services/order"))
    told: list[str] = []
    await change(dsn, EVENT, seven(1), "order.placed", None)
    async with opened(target({"order": dsn})) as sources:
        restless = await wait_for_quiet(sources, 0.3, 10.0, told.append)
        await change(dsn, "UPDATE outbox SET published_at = now()")
        calm = await wait_for_quiet(sources, 10.0, 10.0, told.append)
    assert (restless.quiet, [str(each) for each in restless.moving]) == (
        False,
        ["events of order to publish: 1"],
    )
    assert told == ["waiting for quiet: events of order to publish: 1"]
    assert calm.quiet and calm.moving == ()


async def test_restless_mesh_is_judged_and_ends_with_2_or_with_1(database: Database) -> None:
    dsn = database(str(ROOT / "services/order"))
    await change(dsn, EVENT, seven(1), "order.placed", None)
    plan = Plan(invariants=INVARIANTS, wait_s=0.0, settle_s=10.0)
    report = await audit(target({"order": dsn}), plan, lambda _: None)
    assert (report.exit_code, report.violations) == (2, 0)
    await change(dsn, "UPDATE outbox SET created_at = now() - interval '1 hour'")
    late = await audit(target({"order": dsn}), plan, lambda _: None)
    assert late.exit_code == 1
    assert {each.name for each in late.results if each.violations} == {"outbox-published"}
    skipped = {each.name: each.skipped for each in late.results if each.skipped}
    assert skipped["stock-balance"] == "the target has no inventory"
    assert skipped["consumers-level"] == "the target has no nats"
