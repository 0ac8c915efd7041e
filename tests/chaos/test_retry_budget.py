"""An outage is not made worse by those who suffer from it: what is tried again stays a small share of what is asked."""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import Iterator
from typing import Final

import httpx2
import pytest

from local import topology
from local.links.client import LinksClient
from tests.support.eventually import eventually
from tests.support.mesh import RunningMesh, fresh_mesh

PAGE: Final = "/v1/stock:batchGet?productIds=01958f5e-6a00-7000-8000-000000000001"
CUSTOMERS: Final = 16
OUTAGE_S: Final = 12.0
LEAST_CALLS: Final = 500
AMPLIFICATION: Final = 1.2
REPLICAS: Final = 2
RECOVERS_S: Final = 10.0
BROKEN: Final = {"without its database": "inventory-to-postgres", "unreachable": "gateway-to-inventory"}
"""A call that is refused by who got it is tried again while the budget lasts; one that can't be sent takes no retry."""


@pytest.fixture
def mesh() -> Iterator[RunningMesh]:
    """Two gateways, two replicas of what they read, and new for each test: an outage leaves budgets spent."""
    with fresh_mesh(
        "--replicas", f"gateway={REPLICAS}", "--replicas", f"inventory={REPLICAS}", "--faulty-links"
    ) as running:
        yield running


def ports(mesh: RunningMesh, service: str, port: str) -> list[str]:
    """The addresses of all replicas."""
    return [row["addresses"][port] for row in mesh.first_status["processes"] if row["group"] == service]


def total(admins: list[str], metric: str) -> float:
    """A metric about inventory, over all gateways and all its other labels."""
    lines = [line for admin in admins for line in httpx2.get(f"http://{admin}/metrics").text.splitlines()]
    return sum(
        float(line.split()[-1])
        for line in lines
        if line.startswith(f"{metric}{{") and 'upstream="inventory"' in line
    )


async def ask(gateway: str, until: float) -> Counter[int]:
    """One customer who looks at a page as soon as the last one was answered; how often by status."""
    seen: Counter[int] = Counter()
    async with httpx2.AsyncClient(base_url=gateway, timeout=10) as client:
        while time.monotonic() < until:
            answer = await client.get(PAGE)
            seen[answer.status_code] += 1
    return seen


async def outage(mesh: RunningMesh, kind: str) -> Counter[int]:
    """Inventory can't answer for a while; what the customers were told."""
    links = LinksClient(mesh.address(topology.PROXY, "http"))
    between = [name for name in await links.names() if name.startswith(BROKEN[kind])]
    assert between
    gateways = [f"http://{address}" for address in ports(mesh, "gateway", "http")]
    try:
        for link in between:
            await links.refuse(link)
        until = time.monotonic() + OUTAGE_S
        told = await asyncio.gather(*(ask(gateways[number % REPLICAS], until) for number in range(CUSTOMERS)))
    finally:
        for link in between:
            await links.mend(link)
        await links.close()
    return sum(told, Counter[int]())


@pytest.mark.parametrize("kind", BROKEN)
async def test_an_outage_is_not_amplified(mesh: RunningMesh, kind: str) -> None:
    admins = ports(mesh, "gateway", "admin")
    calls, retries = (
        total(admins, name) for name in ("rpc_client_call_duration_seconds_count", "rpc_client_retries_total")
    )
    told = await outage(mesh, kind)
    calls = total(admins, "rpc_client_call_duration_seconds_count") - calls
    retries = total(admins, "rpc_client_retries_total") - retries
    assert told[503] >= LEAST_CALLS, told
    assert calls >= LEAST_CALLS
    assert 1 + retries / calls < AMPLIFICATION, (calls, retries)
    assert kind == "unreachable" or retries > 0, "nothing was tried again: nothing was measured"
    gateways = [f"http://{address}" for address in ports(mesh, "gateway", "http")]
    for gateway in gateways:
        page = f"{gateway}{PAGE}"
        await asyncio.to_thread(
            eventually, lambda page=page: httpx2.get(page).status_code == 200, deadline_s=RECOVERS_S
        )
