"""The broker is away for longer than it remembers what it has: nothing is lost, and all of it has its effect once."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from typing import Final

import asyncpg
import httpx2
import nats
import pytest
from nats.js.errors import NotFoundError

from local import topology
from local.audit.target import Target, local_target
from local.home import Home
from local.links.client import LinksClient
from meshkit.events import MSG_ID
from meshkit.testing import eventually as soon
from tests.support.eventually import eventually
from tests.support.goods import levels, new_product
from tests.support.mesh import STAFF, RunningMesh, fresh_mesh
from tests.support.shop import Shop

REMEMBERED_S: Final = 120.0
"""JetStream's duplicate window of every stream."""
AWAY_S: Final = 150.0
ORDERS: Final = 20
STORED_S: Final = 15.0
CATCHES_UP_S: Final = 60.0
PUBLISHERS: Final = ("order", "payment", "inventory", "shipping")
"""Whose events an order makes."""
LISTENERS: Final = ("shipping", "notification")
"""Who does something that can be seen when an order is confirmed."""
LINK: Final = "order-to-nats"
_OF_PRODUCT: Final = "entity_id IN (SELECT order_id::text FROM orders WHERE lines->0->>'product_id' = $1)"
_TOLD: Final = f"SELECT 1 FROM outbox WHERE {_OF_PRODUCT} AND published_at IS NOT NULL"
_CONFIRMED: Final = f"SELECT id::text FROM outbox WHERE {_OF_PRODUCT} AND subject = 'order.confirmed'"
_IS_TOLD: Final = "SELECT published_at IS NOT NULL FROM outbox WHERE id::text = $1"
_ALL: Final = "SELECT id::text, entity_id FROM outbox ORDER BY position"
_WAITING: Final = "SELECT count(*) FROM outbox WHERE published_at IS NULL"


@pytest.fixture(scope="module")
def mesh() -> Iterator[RunningMesh]:
    """One of everything, with links that can lose an acknowledgement."""
    with fresh_mesh("--faulty-links") as running:
        yield running


@asynccontextmanager
async def book(target: Target, service: str) -> AsyncIterator[asyncpg.Connection]:
    """A service's database."""
    connection = await asyncpg.connect(target.databases[service])
    try:
        yield connection
    finally:
        await connection.close()


async def stream(target: Target, service: str) -> list[str]:
    """The ids of all events in a service's stream as the broker has them, from the first to the last."""
    client = await nats.connect(target.nats)
    try:
        jetstream, found = client.jetstream(), []
        state = (await jetstream.stream_info(service.upper())).state
        for sequence in range(state.first_seq, state.last_seq + 1):
            try:
                found.append(((await jetstream.get_msg(service.upper(), seq=sequence)).headers or {})[MSG_ID])
            except NotFoundError:
                continue  # deleted: what should be there is looked for by its id
        return found
    finally:
        await client.close()


async def stored_unacknowledged(mesh: RunningMesh, target: Target, buyer: Shop, product: str) -> str:
    """An order of whose confirmation the broker has the event, and order never hears of that; the event's id.

    The broker is stopped then. `product` is in no other order.
    """
    links = LinksClient(mesh.address(topology.PROXY, "http"))
    try:
        async with book(target, "order") as books:
            # Its charge takes 1.5 s: time to lose what comes back between the order's two events.
            placing = asyncio.create_task(asyncio.to_thread(buyer.place, (product, 1), token="tok_slow"))
            await soon(lambda: books.fetchval(_TOLD, product), STORED_S)
            await links.poison(LINK, "timeout", "downstream", {"timeout": 0})
            assert await books.fetchval(_CONFIRMED, product) is None, "too late"
            assert (await placing)["state"] == "ORDER_STATE_CONFIRMED"
            event = str(await books.fetchval(_CONFIRMED, product))

            async def stored() -> bool:
                return event in await stream(target, "order")

            await soon(stored, STORED_S, 0.2)
            await asyncio.to_thread(mesh.run, "stop", "nats")
            assert not await books.fetchval(_IS_TOLD, event), "order must not know that it is stored"
        return event
    finally:
        await links.mend(LINK)
        await links.close()


def duplicates(mesh: RunningMesh, service: str) -> float:
    """How many confirmations a service has got again and dropped."""
    lines = httpx2.get(f"http://{mesh.address(service, 'admin')}/metrics").text.splitlines()
    wanted = ('subject="order.confirmed"', 'outcome="duplicate"')
    counted = [
        each
        for each in lines
        if each.startswith("inbox_events_total{") and all(map(each.__contains__, wanted))
    ]
    return sum(float(each.split()[-1]) for each in counted)


async def all_published(target: Target) -> bool:
    """Every outbox is empty but for what is kept of the past."""
    for service in target.databases:
        async with book(target, service) as books:
            assert await books.fetchval(_WAITING) == 0, service
    return True


async def in_order(target: Target, service: str) -> None:
    """The stream tells of each thing in the order in which it happened; what it has twice counts where it came first."""
    async with book(target, service) as books:
        wanted = await books.fetch(_ALL)
    place = {event: number for number, event in reversed(list(enumerate(await stream(target, service))))}
    assert [row["id"] for row in wanted if row["id"] not in place] == [], f"{service}: lost"
    by_entity: dict[str, list[int]] = {}
    for row in wanted:
        by_entity.setdefault(row["entity_id"], []).append(place[row["id"]])
    assert [each for each, places in by_entity.items() if places != sorted(places)] == [], service


async def shipments(target: Target) -> list[str]:
    """The order of each shipment."""
    async with book(target, "shipping") as books:
        return [row["order_id"] for row in await books.fetch("SELECT order_id::text FROM shipments")]


def confirmations(mesh: RunningMesh, buyer: Shop) -> list[str]:
    """Message-IDs of the mails that tell this buyer of a confirmed order."""
    return [each["message_id"] for each in mesh.mails(buyer.email) if "confirmed" in each["subject"].lower()]


@pytest.mark.timeout(900)
async def test_nothing_is_lost_or_doubled_when_the_broker_is_away_for_minutes(mesh: RunningMesh) -> None:
    target = await asyncio.to_thread(local_target, Home(mesh.home))
    with Shop(mesh.gateway) as staff, Shop(mesh.gateway) as buyer:
        staff.log_in(*STAFF)
        buyer.register_and_log_in()
        product = new_product(staff, stock=1_000)
        buyer.place((product, 1))  # every service has its connections
        doubled = await stored_unacknowledged(mesh, target, buyer, new_product(staff, stock=1))
        before = {service: duplicates(mesh, service) for service in LISTENERS}
        away = time.monotonic()
        placed = []
        for number in range(ORDERS):
            placed.append((await asyncio.to_thread(buyer.place, (product, 1)))["orderId"])
            await asyncio.sleep(max(away + AWAY_S * (number + 1) / ORDERS - time.monotonic(), 0))
        assert {buyer.order(each)["state"] for each in placed} == {"ORDER_STATE_CONFIRMED"}
        assert time.monotonic() - away > REMEMBERED_S
        async with book(target, "order") as books:
            assert await books.fetchval(_WAITING) >= 2 * ORDERS, "the broker was not away"
        await asyncio.to_thread(mesh.run, "start", "nats")

        await soon(lambda: all_published(target), CATCHES_UP_S, 0.5)
        assert (await stream(target, "order")).count(doubled) == 2, (
            "the broker still knew it: nothing was tried"
        )
        for service in PUBLISHERS:
            await in_order(target, service)
        total = len(placed) + 2
        eventually(lambda: all(duplicates(mesh, each) > before[each] for each in LISTENERS), CATCHES_UP_S)
        eventually(lambda: len(confirmations(mesh, buyer)) >= total, CATCHES_UP_S)
        assert "invariants hold" in await asyncio.to_thread(
            mesh.run, "audit", "--wait", "60s", deadline_s=180
        )
        mails, parcels = confirmations(mesh, buyer), await shipments(target)
        assert (len(mails), len(set(mails))) == (total, total)
        assert (len(parcels), len(set(parcels)), set(placed) - set(parcels)) == (total, total, set())
        assert levels(staff, product)["sold"] == total - 1
