"""`./banyan orders`: an order that nobody works on is found, and goes on when an operator says so."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Callable, Iterator
from typing import Any, Final

import httpx2
import pytest

from tests.support.eventually import eventually
from tests.support.goods import new_product
from tests.support.mesh import ROOT, RunningMesh, fresh_mesh
from tests.support.shop import Shop

DEADLINE_S: Final = 60.0
ENDS: Final = {"ORDER_STATE_CANCELLED", "ORDER_STATE_FULFILLED"}
"""Stopped, or too late: the carrier decides."""
PARK_LIMIT_S: Final = 3
"""How long a compensation may fail here; an hour in a shop."""


@pytest.fixture(scope="module")
def mesh() -> Iterator[RunningMesh]:
    """One of its own, which gives compensations up soon."""
    with fresh_mesh(ORDER_PARK_LIMIT_S=str(PARK_LIMIT_S)) as running:
        yield running


@pytest.fixture
def carrier(mesh: RunningMesh) -> Iterator[Callable[[bool], None]]:
    """Takes the carrier away (True) or brings it back; it is back at the end."""
    control = f"http://{mesh.address('carrier', 'http')}/_control"

    def away(value: bool) -> None:
        httpx2.post(control, json={"down": True} if value else {}).raise_for_status()

    yield away
    away(False)


def orders(home: object, *words: str) -> subprocess.CompletedProcess[str]:
    """One `./banyan orders`, with nobody there to be asked."""
    return subprocess.run(
        [str(ROOT / "banyan"), "orders", *words],
        cwd=ROOT,
        env={**os.environ, "BANYAN_HOME": str(home), "NO_COLOR": "1"},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=DEADLINE_S,
        check=False,
    )


def listed(mesh: RunningMesh, order_id: str) -> list[dict[str, Any]]:
    """What the list has of an order; its exit code says whether there is any."""
    done = orders(mesh.home, "stuck", "--json")
    found = json.loads(done.stdout)["stuck"]
    assert done.returncode == int(bool(found)), done.stderr
    return [each for each in found if each["order_id"] == order_id]


def parked(mesh: RunningMesh, order_id: str) -> bool:
    """Whether the list has the order as a parked one."""
    return [each["status"] for each in listed(mesh, order_id)] == ["parked"]


def test_a_parked_order_is_found_and_goes_on(
    mesh: RunningMesh, buyer: Shop, staff: Shop, carrier: Callable[[bool], None]
) -> None:
    carrier(True)
    order_id = buyer.place((new_product(staff, stock=1), 1))["orderId"]
    eventually(lambda: buyer.order(order_id).get("shipmentId"))
    mesh.run("stop", "shipping")
    try:
        assert buyer.http.post(f"/v1/orders/{order_id}:cancel", json={}).status_code == 202
        # Nobody can be asked to stop the parcel: order tries until its limit, then parks.
        assert eventually(lambda: parked(mesh, order_id), deadline_s=60, interval_s=1.0)
        (found,) = listed(mesh, order_id)
        assert (found["step"], found["goal"]) == ("void", "cancel")
        assert found["reason"] == "UNAVAILABLE"
        assert found["attempts"] > 1
        assert found["runbook"] == "services/order/RUNBOOK.md, Parked at `void`"
        assert "shipping or the carrier" in orders(mesh.home, "stuck").stdout
        unasked = orders(mesh.home, "resume", order_id)
        assert (unasked.returncode, "repeat with --yes" in unasked.stderr) == (1, True)
        assert listed(mesh, order_id)
    finally:
        mesh.run("start", "shipping")
    carrier(False)
    resumed = orders(mesh.home, "resume", order_id, "--yes")
    assert resumed.returncode == 0, resumed.stderr
    eventually(lambda: buyer.order(order_id)["state"] in ENDS, deadline_s=60)
    assert eventually(lambda: not listed(mesh, order_id))
    again = orders(mesh.home, "resume", order_id, "--yes")
    assert (again.returncode, "nothing to resume" in again.stderr) == (1, True)


def test_without_a_mesh_it_says_so(tmp_path: object) -> None:
    stuck = orders(tmp_path, "stuck")
    assert (stuck.returncode, "nothing is running" in stuck.stderr) == (2, True)
    resume = orders(tmp_path, "resume", "01958f5e-6a00-7000-8000-000000000005", "--yes")
    assert (resume.returncode, "nothing is running" in resume.stderr) == (1, True)
