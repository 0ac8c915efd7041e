"""A chain of slow hops ends at the edge's budget, and what it had set off downstream stops with it."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from typing import Any, Final

import asyncpg
import httpx2
import pytest

from local import topology
from local.audit.target import local_target
from local.home import Home
from local.links.client import LinksClient
from meshkit.testing import eventually as soon
from tests.support.eventually import eventually
from tests.support.mesh import STAFF, RunningMesh, fresh_mesh
from tests.support.shop import ADDRESS, Shop

BUDGET_MS: Final = 1_200
HOP_MS: Final = 200
SLACK_MS: Final = 500
"""What an answer may take beyond the budget on a busy machine."""
SLOW: Final = ("gateway-to-order-1", "order-to-product-1")
STOPS_WITHIN_S: Final = 3.0
KEY: Final = "three-slow-hops-1"


@pytest.fixture(scope="module")
def mesh() -> Iterator[RunningMesh]:
    with fresh_mesh("--faulty-links") as running:
        yield running


@asynccontextmanager
async def slow_hops(mesh: RunningMesh) -> AsyncIterator[asyncpg.Connection[asyncpg.Record]]:
    """Two links are slow, and the third hop, product's database, gives no answer; the connection that sees to that."""
    links = LinksClient(mesh.address(topology.PROXY, "http"))
    target = await asyncio.to_thread(local_target, Home(mesh.home))
    connection = await asyncpg.connect(target.databases["product"])
    names = await links.names()
    hops = [next(name for name in names if name in (hop, hop.removesuffix("-1"))) for hop in SLOW]
    try:
        for hop in hops:
            await links.poison(hop, "latency", "downstream", {"latency": HOP_MS, "jitter": 0})
        async with connection.transaction():
            await connection.execute("LOCK TABLE product IN ACCESS EXCLUSIVE MODE")
            yield connection
    finally:
        for hop in hops:
            await links.mend(hop)
        await links.close()
        await connection.close()


async def waiting(connection: asyncpg.Connection[asyncpg.Record]) -> int:
    """Statements that wait for the lock."""
    sql = "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND usename = 'product'"
    return int(await connection.fetchval(sql))


async def nobody_waits(connection: asyncpg.Connection[asyncpg.Record]) -> bool:
    """Whether what waited has been called off."""
    return await waiting(connection) == 0


def in_flight(mesh: RunningMesh, service: str) -> float:
    """RPCs that a service is answering now."""
    text = httpx2.get(f"http://{mesh.address(service, 'admin')}/metrics").text
    return next(
        float(line.split()[1]) for line in text.splitlines() if line.startswith("rpc_server_in_flight ")
    )


async def test_three_slow_hops_end_at_the_budget_and_downstream_stops(mesh: RunningMesh) -> None:
    with Shop(mesh.gateway) as staff:
        staff.log_in(*STAFF)
        product = staff.get("/v1/products?page_size=1")["products"][0]["productId"]
        before = len(staff.get("/v1/orders?page_size=100").get("orders", ()))
        order: dict[str, Any] = {
            "items": [{"productId": product, "quantity": 1}],
            "paymentToken": "tok_ok",
            "shippingAddress": ADDRESS,
        }
        headers = {"Idempotency-Key": KEY, "Banyan-Timeout-Ms": str(BUDGET_MS)}
        async with slow_hops(mesh) as connection:
            began = time.monotonic()
            placing = asyncio.create_task(
                asyncio.to_thread(staff.http.post, "/v1/orders", json=order, headers=headers)
            )
            await soon(lambda: waiting(connection), BUDGET_MS / 1000)
            answer = await placing
            took_ms = (time.monotonic() - began) * 1000
            assert (answer.status_code, answer.json()["code"]) == (504, "DEADLINE_EXCEEDED")
            assert took_ms < BUDGET_MS + SLACK_MS
            await soon(lambda: nobody_waits(connection), STOPS_WITHIN_S)
            for service in ("order", "product"):
                await asyncio.to_thread(
                    eventually, lambda service=service: in_flight(mesh, service) == 0, STOPS_WITHIN_S
                )
        assert len(staff.get("/v1/orders?page_size=100").get("orders", ())) == before
        again = staff.call("POST", "/v1/orders", order, expect=201, **{"Idempotency-Key": KEY})
        assert again.json()["order"]["orderId"]
