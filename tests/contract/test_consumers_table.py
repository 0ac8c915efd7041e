"""The table of `./banyan events rebuild` is true: against the events, and what it says of repeats against the code."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any, Final

import pytest

from local.events.consumers import CONSUMERS, consumer
from meshkit.clock import FakeClock
from meshkit.events import Event
from meshkit.inbox import Handlers
from meshkit.postgres import Connection, Database
from order.adapters.incoming_events import EventHandlers
from order.adapters.postgres import PostgresOrders
from order.adapters.token_seal import TokenSeal
from order.app.follow_events import FollowEvents
from services.order.tests.builders import LEASE, LIMIT, a_placement, an_order
from shipping.adapters.order_events import OrderEvents
from tests.contract import produced
from tests.contract.contracts import ROOT
from tests.contract.test_events import BY_SUBJECT, example, message_class
from tests.support.topology import EVENTS

WRITTEN: Final = {
    "order": ("orders", "customers", "workflows", "timeline", "outbox"),
    "shipping": ("shipments", "stopped_orders", "outbox"),
}
"""Service → every table that a handler may write."""
AGAIN: Final = [
    (each.service, subject)
    for each in CONSUMERS.values()
    for subject, reaction in each.reactions.items()
    if reaction.again
]
ELSEWHERE: Final = {
    ("notification", "user.updated"): "the newest address is used, also when events come out of order"
}
"""Not Python: the test in the service that shows it."""
IN_PYTHON: Final = [each for each in AGAIN if each not in ELSEWHERE]


def test_consumers_and_subjects_are_those_of_the_table_of_events() -> None:
    heard: dict[str, set[str]] = {}
    for row in EVENTS:
        for service in row.consumers:
            heard.setdefault(f"{service}-{row.producer}", set()).add(row.subject)
    assert {name: set(each.reactions) for name, each in CONSUMERS.items()} == heard


def test_cart_remembers_as_long_as_the_table_says() -> None:
    code = (ROOT / "services/cart/internal/app/service.go").read_text()
    found = re.search(r"const SettledTTL = (\d+) \* 24 \* time\.Hour", code)
    assert found is not None
    assert consumer("cart-order").memory == timedelta(days=int(found[1]))
    assert [name for name, each in CONSUMERS.items() if each.memory] == ["cart-order"]


def test_inboxes_remember_longer_than_streams_keep() -> None:
    """So that `memory` of all others is None."""
    kept = (ROOT / "services/_platform/python/src/meshkit/nats.py").read_text()
    assert "_STREAM_MAX_AGE_S: Final = 30 * 24 * 3600" in kept
    assert "_KEEP_DAYS: Final = 35" in (ROOT / "services/_platform/python/src/meshkit/inbox.py").read_text()
    swept = (ROOT / "services/notification/src/platform/sweeper.ts").read_text()
    assert "const INBOX_MS = 31 * 24 * HOUR_MS;" in swept


def test_what_is_no_python_is_shown_by_the_service_itself() -> None:
    tests = "".join(path.read_text() for path in (ROOT / "services/notification/test").rglob("*.test.ts"))
    for row, title in ELSEWHERE.items():
        assert row in AGAIN
        assert f'test("{title}"' in tests


@pytest.mark.parametrize("known", [True, False], ids=["of a known order", "of an unknown order"])
@pytest.mark.parametrize(("service", "subject"), IN_PYTHON)
async def test_an_event_that_is_applied_again_changes_nothing(
    service: str, subject: str, known: bool, database: Callable[[Path | str], str]
) -> None:
    clock = FakeClock(produced.at(5))
    async with _store(database(ROOT / "services" / service)) as store:
        if known:
            await _know(service, store, clock)
        before = await _books(service, store)
        await _apply(service, subject, store, clock)
        once = await _books(service, store)
        clock.advance(3600)
        await _apply(service, subject, store, clock)
        assert await _books(service, store) == once
    assert (once != before) == (known or service == "shipping"), "the event has no effect to be repeated"


def _handlers(service: str, clock: FakeClock) -> Handlers:
    if service == "shipping":
        return OrderEvents(clock).handlers()
    order = EventHandlers(FollowEvents(clock), clock)
    return {**order.of_shipping, **order.of_payment}


@asynccontextmanager
async def _store(address: str) -> AsyncIterator[Database]:
    store = Database(address, 2)
    async with asyncio.timeout(20):
        await store.start()
        try:
            yield store
        finally:
            await store.stop(1)


async def _know(service: str, store: Database, clock: FakeClock) -> None:
    """The order of the examples, confirmed; or its parcel, which nobody has labelled yet."""
    if service == "shipping":
        await _apply(service, "order.confirmed", store, clock)
        return
    orders = PostgresOrders(store, clock=clock, seal=TokenSeal("secret"), credit_limit=LIMIT)
    placement = a_placement(an_order(order_id=produced.ORDER, at=clock.now()))
    assert await orders.place(placement, LEASE) is None
    async with store.acquire() as connection:
        await connection.execute("UPDATE orders SET state = 'CONFIRMED'")
        await connection.execute(
            "UPDATE customers SET order_count = 1, lifetime_value = 9000, loyalty_points = 90"
        )


async def _apply(service: str, subject: str, store: Database, clock: FakeClock) -> None:
    row = BY_SUBJECT[subject]
    event = Event(
        id="01958f5e-6a00-7000-8000-00000000000b",
        subject=subject,
        type=row.message,
        time=produced.at(5),
        entity_id=produced.ORDER,
        message=message_class(row).FromString(example(row).SerializeToString()),
        delivery_count=1,
    )
    _, handler = _handlers(service, clock)[subject]
    async with store.transaction() as connection:
        await handler(event, connection)


async def _books(service: str, store: Database) -> dict[str, list[Any]]:
    async with store.acquire() as connection:
        return {table: await _rows(connection, table) for table in WRITTEN[service]}


async def _rows(connection: Connection, table: str) -> list[Any]:
    rows = await connection.fetch(f"SELECT * FROM {table}")
    return sorted(str(dict(row)) for row in rows)
