"""Whatever step an order's worker dies at, before its effect or after it, another replica ends what was begun."""

from __future__ import annotations

import asyncio
import os
import signal
import uuid
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from typing import Any, Final, NamedTuple

import asyncpg
import httpx2
import pytest

from local import topology
from local.audit.target import local_target
from local.home import Home
from local.links.client import LinksClient
from meshkit.testing import eventually as soon
from tests.support.eventually import eventually
from tests.support.goods import levels, new_product
from tests.support.mesh import STAFF, RunningMesh, fresh_mesh
from tests.support.moments import STEPS, Moment, Stage, Step
from tests.support.shop import Shop

ON_HAND: Final = 5
QUANTITY: Final = 2
LEASE_S: Final = 6
"""The shortest there may be: how long the other replica leaves the order alone."""
ENDS_WITHIN_S: Final = 45.0
IDLE: Final = "order_workflows_in_flight 0.0"
_ORDER: Final = "SELECT order_id::text FROM orders WHERE lines->0->>'product_id' = $1"
_TRIES: Final = "SELECT step, max(attempt) AS attempt FROM timeline WHERE order_id = $1 GROUP BY step"
pytestmark = pytest.mark.timeout(240)


class Shops(NamedTuple):
    """Who deals with the shop."""

    staff: Shop
    buyer: Shop


@pytest.fixture(scope="module")
def mesh() -> Iterator[RunningMesh]:
    """Two replicas of order; parcels stay where they are, so that every order can be cancelled."""
    options = ("--replicas", "order=2", "--faulty-links")
    with fresh_mesh(*options, ORDER_LEASE_S=str(LEASE_S)) as running:
        parcels = f"http://{running.address('carrier', 'http')}/_parcels"
        httpx2.post(parcels, json={"held": True}).raise_for_status()
        yield running


@pytest.fixture(scope="module")
def staff(mesh: RunningMesh) -> Iterator[Shop]:
    with Shop(mesh.gateway) as shop:
        shop.log_in(*STAFF)
        yield shop


@pytest.fixture(scope="module")
def warming(staff: Shop) -> str:
    """A product for orders that only connect the replicas to their neighbours."""
    return new_product(staff, stock=10_000)


@pytest.fixture
def replicas(mesh: RunningMesh, staff: Shop, warming: str) -> list[dict[str, Any]]:
    """The processes of order, each connected to everybody: a late answer is then late by its own time only."""
    found = [row for row in mesh.status()["processes"] if row["group"] == "order"]

    def connected() -> bool:
        order_id = staff.place((warming, 1))["orderId"]
        staff.order(order_id)  # three requests: an even number would have each replica do the same ones again
        staff.http.post(f"/v1/orders/{order_id}:cancel", json={})
        asked = [_metrics(each) for each in found]
        assert all(f'outcome="succeeded",step="{step.name}"' in text for text in asked for step in STEPS)
        return all(IDLE in text for text in asked)

    eventually(connected, ENDS_WITHIN_S)
    return found


@pytest.fixture
def shops(mesh: RunningMesh, staff: Shop) -> Iterator[Shops]:
    """Staff, and a new customer with nothing but the order of the test."""
    with Shop(mesh.gateway) as shop:
        shop.register_and_log_in()
        yield Shops(staff, shop)


@asynccontextmanager
async def stage(mesh: RunningMesh, callee: str) -> AsyncIterator[Stage]:
    """The links, and the books of order and of the service that it asks."""
    links = LinksClient(mesh.address(topology.PROXY, "http"))
    target = await asyncio.to_thread(local_target, Home(mesh.home))
    order, other = [await asyncpg.connect(target.databases[name]) for name in ("order", callee)]
    try:
        yield Stage(links, order, other)
    finally:
        await links.close()
        await order.close()
        await other.close()


def worker(replicas: list[dict[str, Any]]) -> dict[str, Any]:
    """The replica that works on an order; there is one order under way."""
    busy = [each for each in replicas if IDLE not in _metrics(each)]
    assert len(busy) == 1, [each["name"] for each in busy]
    return busy[0]


def _metrics(replica: dict[str, Any]) -> str:
    return httpx2.get(f"http://{replica['addresses']['admin']}/metrics").text


def place(buyer: Shop, product: str, step: Step, key: str) -> httpx2.Response:
    """Asks for the order of the test; the same request each time."""
    body = buyer.order_body((product, QUANTITY), token=step.token)
    return buyer.http.post("/v1/orders", json=body, headers={"Idempotency-Key": key})


def ended(buyer: Shop, order_id: str, state: str) -> dict[str, Any]:
    """The order, once it is where it must come to."""
    order = buyer.order(order_id)
    assert order["state"] == state, order["state"]
    return order


def check_stock(staff: Shop, product: str, step: Step) -> None:
    """Sold once, or back on the shelf."""
    now, kept = levels(staff, product), ON_HAND - QUANTITY * (step.ended == "ORDER_STATE_CONFIRMED")
    assert (now["onHand"], now["reserved"]) == (kept, 0), now
    assert now["sold"] - now["restocked"] == ON_HAND - kept, now


def check_money(mesh: RunningMesh, order_id: str, step: Step) -> None:
    """The provider took it once, or took it and gave it back once, or never did."""
    charges = [
        each
        for each in mesh.ledger("payment-provider", "charges")
        if each["reference"] == order_id and each["status"] == "succeeded"
    ]
    known = {each["id"] for each in charges}
    refunds = [each for each in mesh.ledger("payment-provider", "refunds") if each["charge_id"] in known]
    paid = step.ended != "ORDER_STATE_REJECTED"
    assert (len(charges), len(refunds)) == (int(paid), int(step.cancels)), (charges, refunds)
    if refunds:
        assert refunds[0]["amount_minor"] == charges[0]["amount_minor"]


@pytest.mark.parametrize("moment", Moment)
@pytest.mark.parametrize("step", STEPS, ids=str)
async def test_another_replica_ends_what_a_killed_one_began(
    mesh: RunningMesh, shops: Shops, replicas: list[dict[str, Any]], step: Step, moment: Moment
) -> None:
    staff, buyer = shops
    product, key = new_product(staff, stock=ON_HAND), uuid.uuid4().hex
    order_id = ""
    if step.cancels:
        order_id = place(buyer, product, step, key).json()["order"]["orderId"]
        eventually(lambda: ended(buyer, order_id, "ORDER_STATE_CONFIRMED"))
        eventually(lambda: buyer.order(order_id).get("shipmentId"))
    async with stage(mesh, step.callee) as books:
        asking: asyncio.Task[httpx2.Response] | None = None

        async def begin() -> str:
            nonlocal asking
            if step.cancels:
                path = f"/v1/orders/{order_id}:cancel"
                asking = asyncio.create_task(asyncio.to_thread(buyer.http.post, path, json={}))
                return order_id
            asking = asyncio.create_task(asyncio.to_thread(place, buyer, product, step, key))
            return str(await soon(lambda: books.order.fetchval(_ORDER, product)))

        async with books.held_at(step, moment, begin):
            dead = worker(replicas)
            for pid in dead["pids"]:
                os.kill(pid, signal.SIGKILL)
        # It would come back, and might be the one that goes on.
        replica = "order-1" if dead["name"] == "order" else dead["name"]  # a bare name means all of them
        await asyncio.to_thread(mesh.run, "stop", replica)
        assert asking is not None
        assert (await asking).status_code in {202, 503, 504}, "nobody can have known the outcome"
        order_id = await books.order.fetchval(_ORDER, product)
        await asyncio.to_thread(eventually, lambda: ended(buyer, order_id, step.ended), ENDS_WITHIN_S, 0.5)
        tries = {row["step"]: row["attempt"] for row in await books.order.fetch(_TRIES, order_id)}
        await asyncio.to_thread(mesh.run, "start", replica)
    assert tries[step.name] == (1 if moment is Moment.WRITTEN else 2), tries
    check_stock(staff, product, step)
    check_money(mesh, order_id, step)
    again = place(buyer, product, step, key)
    assert (again.status_code, again.json()["order"]["orderId"]) == (201, order_id)


def test_the_books_balance_after_all_of_them(mesh: RunningMesh) -> None:
    assert "hold" in mesh.run("audit", deadline_s=180)
