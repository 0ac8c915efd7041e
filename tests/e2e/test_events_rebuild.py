"""`./banyan events rebuild` on a mesh: what was lost comes back, what had its effect has no second one."""

from __future__ import annotations

import os
import subprocess
import uuid
from functools import cache
from typing import Any, Final

import asyncpg
import pytest

from local.events.consumers import CONSUMERS
from tests.support.eventually import eventually
from tests.support.goods import new_product
from tests.support.mesh import ROOT, RunningMesh
from tests.support.shop import Shop

pytestmark = pytest.mark.timeout(400)
DEADLINE_S: Final = 120.0
BOOKS: Final = {
    "shipping": "SELECT id::text, order_id::text, state FROM shipments WHERE order_id::text = ANY($1) ORDER BY id",
    "order": "SELECT order_id::text, state, shipment_id, refunded FROM orders WHERE order_id::text = ANY($1) ORDER BY 1",
    "notification": "SELECT event_id::text, channel FROM deliveries WHERE order_id = ANY($1) ORDER BY 1, 2",
}
MESSAGES: Final = 8
"""A welcome, a refund, and of each order its confirmation, dispatch and delivery."""
MAY_FORGET: Final = ("order-payment", "order-shipping", "shipping-order", "notification-user")


def rebuild(mesh: RunningMesh, *words: str) -> subprocess.CompletedProcess[str]:
    """One rebuild, with nobody there to be asked."""
    return subprocess.run(
        [str(ROOT / "banyan"), "events", "rebuild", *words],
        cwd=ROOT,
        env={**os.environ, "BANYAN_HOME": str(mesh.home), "NO_COLOR": "1"},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=DEADLINE_S,
        check=False,
    )


def rebuilt(mesh: RunningMesh, *words: str) -> None:
    """A rebuild that is done."""
    done = rebuild(mesh, *words, "--yes", "--wait", "90s")
    assert (done.returncode, "caught up" in done.stdout) == (0, True), done.stdout + done.stderr


@cache
def dsn(mesh: RunningMesh, service: str) -> str:
    """The address of a service's database, asked for once."""
    return mesh.run("dsn", service).strip()


async def run(mesh: RunningMesh, service: str, statement: str, *arguments: object) -> list[tuple[Any, ...]]:
    """A statement on a service's database, with its role."""
    connection = await asyncpg.connect(dsn(mesh, service))
    try:
        return [tuple(row) for row in await connection.fetch(statement, *arguments)]
    finally:
        await connection.close()


async def books(mesh: RunningMesh, orders: list[str]) -> dict[str, list[tuple[Any, ...]]]:
    """What all services have of these orders."""
    return {name: await run(mesh, name, statement, orders) for name, statement in BOOKS.items()}


def history(mesh: RunningMesh, buyer: Shop, staff: Shop) -> tuple[str, list[str]]:
    """Two orders that have arrived, one of them refunded in part, their messages out; their product and ids."""
    product = new_product(staff, stock=20)
    orders = [buyer.place((product, quantity))["orderId"] for quantity in (2, 1)]
    payment = buyer.get("/v1/payments")["payments"][0]["paymentId"]
    part = {"amount": {"minorUnits": "100", "currencyCode": "EUR"}}
    staff.call("POST", f"/v1/payments/{payment}:refund", part, Idempotency_Key=uuid.uuid4().hex)
    eventually(lambda: len(mesh.mails(buyer.email)) == MESSAGES, deadline_s=60)
    eventually(lambda: {buyer.order(each)["state"] for each in orders} == {"ORDER_STATE_FULFILLED"})
    return product, orders


async def test_what_had_its_effect_has_no_second_one(mesh: RunningMesh, buyer: Shop, staff: Shop) -> None:
    product, orders = history(mesh, buyer, staff)
    buyer.put_in_cart(product, 5)
    before = await books(mesh, orders)
    for name in CONSUMERS:
        rebuilt(mesh, name)
    for name in MAY_FORGET:
        rebuilt(mesh, name, "--forget", "--since", "1h")
    assert await books(mesh, orders) == before
    assert len(mesh.mails(buyer.email)) == MESSAGES
    (line,) = buyer.get("/v1/cart")["cart"]["items"]
    assert line["quantity"] == 5


async def test_what_was_lost_comes_back(mesh: RunningMesh, buyer: Shop, staff: Shop) -> None:
    _, orders = history(mesh, buyer, staff)
    before = await books(mesh, orders)
    lose = "UPDATE orders SET shipment_id = '' WHERE order_id::text = ANY($1)"
    await run(mesh, "order", lose, orders)
    rebuilt(mesh, "order-shipping", "--since", "1h")
    assert {shipment for _, _, shipment, _ in (await books(mesh, orders))["order"]} == {""}, (
        "still remembered"
    )
    rebuilt(mesh, "order-shipping", "--since", "1h", "--forget")
    assert await books(mesh, orders) == before
    created = await run(
        mesh,
        "shipping",
        "SELECT outbox.id FROM outbox JOIN shipments ON entity_id IN (shipments.id::text, order_id::text)"
        " WHERE subject = 'shipping.created' AND order_id::text = ANY($1)",
        orders,
    )
    assert len(created) == 2
    await run(mesh, "order", lose, orders)
    forgotten = "DELETE FROM inbox WHERE consumer = 'order-shipping' AND event_id = ANY($1)"
    await run(mesh, "order", forgotten, [event for (event,) in created])
    rebuilt(mesh, "order-shipping", "--since", "1h")
    assert await books(mesh, orders) == before


def test_nothing_is_done_unasked_or_where_it_would_be_harm(
    mesh: RunningMesh, buyer: Shop, staff: Shop
) -> None:
    buyer.place((new_product(staff, stock=1), 1))
    asked = rebuild(mesh, "notification-order")
    assert asked.returncode == 1
    assert "order.confirmed" in asked.stdout
    assert "handled by notification" in asked.stdout
    assert "there is no terminal to ask on, repeat with --yes" in asked.stderr
    assert rebuild(mesh, "notification-order", "--dry-run").returncode == 0
    refused = rebuild(mesh, "notification-order", "--forget", "--yes")
    assert (refused.returncode, refused.stdout) == (1, "")
    assert "notification-order may not forget" in refused.stderr
    twice = rebuild(mesh, "order-shipping", "--since", "1h", "--from-sequence", "3")
    assert (twice.returncode, "use one" in twice.stderr) == (1, True)
