"""`./banyan audit` on a mesh that has done all kinds of things: nothing to find, until somebody changes a book by hand."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import subprocess
import uuid
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from threading import Thread
from typing import Any, Final

import asyncpg
import pytest
from redis.asyncio import Redis

from local.audit.gather import OUTBOX_HAS_AFTER
from tests.support.eventually import eventually
from tests.support.goods import new_product
from tests.support.mesh import ROOT, RunningMesh
from tests.support.shop import Shop

Json = dict[str, Any]
DEADLINE_S: Final = 150.0
pytestmark = pytest.mark.timeout(300)


CHANGES: Final[Mapping[str, tuple[str, str, str]]] = {
    "stock-movements": (
        "inventory",
        "UPDATE stock SET received = received + 1, on_hand = on_hand + 1 WHERE product_id = '{product}'",
        "UPDATE stock SET received = received - 1, on_hand = on_hand - 1 WHERE product_id = '{product}'",
    ),
    "undone-hold-nothing": (
        "inventory",
        "UPDATE reservation SET state = 'committed' WHERE order_id = '{cancelled}'",
        "UPDATE reservation SET state = 'restocked' WHERE order_id = '{cancelled}'",
    ),
    "payments-provider": (
        "payment",
        "UPDATE payments SET amount_minor = amount_minor + 1 WHERE order_id = '{order}'",
        "UPDATE payments SET amount_minor = amount_minor - 1 WHERE order_id = '{order}'",
    ),
    "order-sums": (
        "order",
        "UPDATE orders SET lines = jsonb_set(lines, '{{0,quantity}}', '9') WHERE order_id = '{order}'",
        "UPDATE orders SET lines = jsonb_set(lines, '{{0,quantity}}', '2') WHERE order_id = '{order}'",
    ),
    "customer-figures": (
        "order",
        "UPDATE customers SET loyalty_points = loyalty_points + 7 WHERE user_id = '{buyer}'",
        "UPDATE customers SET loyalty_points = loyalty_points - 7 WHERE user_id = '{buyer}'",
    ),
    "confirmation-mails": (
        "notification",
        "UPDATE deliveries SET state = 'FAILED' WHERE order_id = '{order}' AND template = 'order_confirmed'",
        "UPDATE deliveries SET state = 'SENT' WHERE order_id = '{order}' AND template = 'order_confirmed'",
    ),
}
"""Invariant → service, what is done to its book, and what undoes it."""


def audit(mesh: RunningMesh, *words: str) -> tuple[int, Json, str]:
    """Exit code, document and error output of one audit."""
    done = subprocess.run(
        [str(ROOT / "banyan"), "audit", "--json", *words],
        cwd=ROOT,
        env={**os.environ, "BANYAN_HOME": str(mesh.home), "NO_COLOR": "1"},
        capture_output=True,
        text=True,
        timeout=DEADLINE_S,
        check=False,
    )
    document: Json = json.loads(done.stdout) if done.stdout else {}
    return done.returncode, document, done.stderr


def found(document: Json) -> dict[str, list[str]]:
    """Invariant → the ids of its violations."""
    return {
        each["name"]: [violation["id"] for violation in each["violations"]]
        for each in document["invariants"]
        if each["violations"]
    }


@asynccontextmanager
async def changed(dsn: str, change: str, back: str) -> AsyncIterator[None]:
    """A book that somebody has changed by hand, put right at the end."""
    connection = await asyncpg.connect(dsn)
    try:
        assert await connection.execute(change) == "UPDATE 1"
        yield
        await connection.execute(back)
    finally:
        await connection.close()


@asynccontextmanager
async def deleted(dsn: str, table: str, where: str) -> AsyncIterator[asyncpg.Record]:
    """A row that somebody has deleted, put back at the end; yields the row."""
    connection = await asyncpg.connect(dsn)
    try:
        rows = await connection.fetch(f"DELETE FROM {table} WHERE {where} RETURNING *")
        assert len(rows) == 1, f"{table} where {where}"
        yield rows[0]
        await connection.copy_records_to_table(
            table, records=[tuple(rows[0].values())], columns=list(rows[0].keys())
        )
    finally:
        await connection.close()


@asynccontextmanager
async def unsettled(url: str) -> AsyncIterator[str]:
    """An event that cart no longer knows it had, put back at the end; yields its id."""
    async with Redis.from_url(url, decode_responses=True) as redis:
        key = await anext(redis.scan_iter("cart:settled:*"))
        left_ms = await redis.pttl(key)
        assert await redis.delete(key) == 1
        yield key.removeprefix("cart:settled:")
        await redis.set(key, "1", px=left_ms)


@pytest.fixture
def history(mesh: RunningMesh, buyer: Shop, staff: Shop) -> dict[str, str]:
    """One order of each end; the ids of the confirmed one, its product and buyer, and of the cancelled one."""
    product = new_product(staff, stock=20, price=2500)
    confirmed = buyer.place((product, 2))["orderId"]
    assert buyer.place((product, 1), token="tok_declined")["state"] == "ORDER_STATE_REJECTED"
    assert buyer.place((product, 99))["rejectionReason"] == "OUT_OF_STOCK"
    cancelled = buyer.place((product, 3))["orderId"]
    assert buyer.http.post(f"/v1/orders/{cancelled}:cancel", json={}).status_code in {200, 202}
    eventually(lambda: buyer.order(cancelled)["state"] == "ORDER_STATE_CANCELLED")
    refunded = buyer.place((product, 1))["orderId"]
    payment = next(
        each["paymentId"] for each in buyer.get("/v1/payments")["payments"] if each["orderId"] == refunded
    )
    part = {"amount": {"minorUnits": "100", "currencyCode": "EUR"}}
    staff.call("POST", f"/v1/payments/{payment}:refund", part, Idempotency_Key=uuid.uuid4().hex)
    return {"order": confirmed, "product": product, "buyer": buyer.user_id, "cancelled": cancelled}


async def test_books_agree_until_somebody_changes_them(mesh: RunningMesh, history: dict[str, str]) -> None:
    await asyncio.sleep(
        OUTBOX_HAS_AFTER.total_seconds()
    )  # younger events are not yet held against the outboxes
    code, before, errors = await asyncio.to_thread(audit, mesh)
    assert (code, found(before)) == (0, {}), errors
    checked = {each["name"]: each["checked"] for each in before["invariants"]}
    silent = {name for name, count in checked.items() if count == 0}
    assert silent <= {"sms-push-sinks", "dead-letters"}, "these looked at nothing"
    assert not any(each["skipped"] for each in before["invariants"])
    assert before["unread"] == []
    async with AsyncExitStack() as undo:
        dsns = {
            name: mesh.run("dsn", name).strip() for name in ("inventory", "payment", "order", "notification")
        }
        for service, change, back in CHANGES.values():
            words = (text.format(**history) for text in (change, back))
            await undo.enter_async_context(changed(dsns[service], *words))
        dsn = mesh.run("dsn", "shipping").strip()
        where = f"order_id = '{history['order']}'"
        shipment = await undo.enter_async_context(deleted(dsn, "shipments", where))
        heard = "event_id = (SELECT event_id FROM inbox WHERE consumer = 'shipping-order' LIMIT 1)"
        event = await undo.enter_async_context(deleted(dsn, "inbox", heard))
        settled = await undo.enter_async_context(unsettled(mesh.run("dsn", "cart").strip()))
        code, broken, _ = await asyncio.to_thread(audit, mesh)
    assert code == 1
    ids = found(broken)
    assert ids["stock-movements"] == [history["product"]] * 2
    assert ids["undone-hold-nothing"] == [history["cancelled"]]
    for name in (
        "payments-provider",
        "payments-orders",
        "order-sums",
        "reservations-orders",
        "confirmation-mails",
        "shipments-orders",
    ):
        assert history["order"] in ids[name], name
    assert ids["customer-figures"] == [history["buyer"]]
    assert str(shipment["id"]) in ids["parcels-carrier"]
    assert sorted(ids["events-applied"]) == sorted([str(event["event_id"]), settled])
    code, after, _ = await asyncio.to_thread(audit, mesh)
    assert (code, found(after)) == (0, {})


class Watch:
    """An audit that watches, as a process, and the rounds it has told of so far."""

    def __init__(self, mesh: RunningMesh) -> None:
        self.process = subprocess.Popen(
            [str(ROOT / "banyan"), "audit", "--json", "--watch", "--every", "1s", "--settle", "2s"],
            cwd=ROOT,
            env={**os.environ, "BANYAN_HOME": str(mesh.home), "NO_COLOR": "1"},
            stdout=subprocess.PIPE,
            text=True,
        )
        self.rounds: list[Json] = []
        self._reader = Thread(target=self._read)
        self._reader.start()

    def _read(self) -> None:
        assert self.process.stdout is not None
        with self.process.stdout as lines:
            self.rounds.extend(map(json.loads, lines))

    def stop(self) -> int:
        """Ctrl-C; the exit code."""
        self.process.send_signal(signal.SIGINT)
        try:
            return self.process.wait(30)
        finally:
            self.process.kill()
            self._reader.join()


def ordering_until(shop: Shop, product: str, met: Callable[[], bool]) -> None:
    """One order after the other until it is so."""

    def once() -> bool:
        shop.place((product, 1))
        return met()

    assert eventually(once, deadline_s=DEADLINE_S, interval_s=0.2)


def test_watching_under_orders_finds_nothing_and_ends_with_0(
    mesh: RunningMesh, buyer: Shop, staff: Shop
) -> None:
    watch, product = Watch(mesh), new_product(staff, stock=1000)
    try:
        ordering_until(buyer, product, lambda: len(watch.rounds) >= 4)
    finally:
        code = watch.stop()
    assert [found(each) for each in watch.rounds if found(each)] == []
    assert code == 0
    orders = [
        each["checked"] for one in watch.rounds for each in one["invariants"] if each["name"] == "order-sums"
    ]
    assert orders == sorted(orders) and orders[0] < orders[-1], "it did not see the orders come"


async def test_watching_sees_what_somebody_changes_and_ends_with_1(
    mesh: RunningMesh, buyer: Shop, staff: Shop
) -> None:
    product = new_product(staff, stock=1000)
    order_id = buyer.place((product, 1))["orderId"]
    watch = Watch(mesh)
    change = f"UPDATE orders SET lines = jsonb_set(lines, '{{{{0,quantity}}}}', '{{}}') WHERE order_id = '{order_id}'"
    try:
        await asyncio.to_thread(ordering_until, buyer, product, lambda: len(watch.rounds) >= 2)
        before = len(watch.rounds)
        async with changed(mesh.run("dsn", "order").strip(), change.format(9), change.format(1)):
            seen = lambda: any(order_id in found(each).get("order-sums", []) for each in watch.rounds)  # noqa: E731
            await asyncio.to_thread(ordering_until, buyer, product, seen)
        after = len(watch.rounds) + 1  # one may have begun before it was put right
        await asyncio.to_thread(ordering_until, buyer, product, lambda: len(watch.rounds) > after)
    finally:
        code = watch.stop()
    assert [found(each) for each in watch.rounds[:before]] == [{}] * before
    assert found(watch.rounds[after]) == {}
    assert code == 1, "a violation that was seen once is not forgotten"


def test_part_that_is_not_there_is_skipped_and_said_so(
    mesh: RunningMesh, buyer: Shop, staff: Shop, tmp_path: Path
) -> None:
    buyer.place((new_product(staff, stock=1), 1))
    target = tmp_path / "cluster.json"
    dsn = mesh.run("dsn", "order").strip()
    target.write_text(json.dumps({"databases": {"order": dsn}}))
    code, document, errors = audit(
        mesh, "--target", str(target), "--only", "order-sums", "--only", "shipments-orders"
    )
    assert code == 0, errors
    assert "cart" in document["unread"] and "order" not in document["unread"]
    sums, shipments = document["invariants"]
    assert sums["checked"] > 0
    assert shipments["skipped"] == "the target has no shipping"
    assert shipments["checked"] == 0
