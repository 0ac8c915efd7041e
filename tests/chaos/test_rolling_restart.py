"""Every replica of every service restarted under load, one after the other: nobody in the shop notices."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Iterator
from typing import Final

import pytest

from local.bench.rolling import LEAST_REQUESTS, gateways, roll_under_load
from tests.support.mesh import STAFF, RunningMesh, fresh_mesh

ROLL_DEADLINE_S: Final = 420.0
AUDIT_DEADLINE_S: Final = 180.0
DEADLINE_S: Final = 1_500.0


@pytest.fixture(scope="module")
def mesh() -> Iterator[RunningMesh]:
    """Two replicas of everything."""
    with fresh_mesh("--replicas", "all=2") as running:
        yield running


@pytest.mark.timeout(DEADLINE_S)
def test_a_rolling_restart_loses_no_request(mesh: RunningMesh) -> None:
    """How long reads take meanwhile is measured by `./banyan bench --rolling`."""
    before = {row["name"]: row["pids"] for row in mesh.status()["processes"] if row["kind"] == "service"}
    rolled = asyncio.run(
        roll_under_load(
            gateways(mesh.first_status),
            STAFF,
            lambda: mesh.run("restart", "--rolling", deadline_s=ROLL_DEADLINE_S),
        )
    )
    after = {row["name"]: row["pids"] for row in mesh.status()["processes"] if row["kind"] == "service"}
    assert before.keys() == after.keys()
    assert [name for name in before if before[name] == after[name]] == []
    assert len(rolled.records.requests) >= LEAST_REQUESTS
    assert (rolled.failed, rolled.not_retryable, rolled.records.odd) == ([], Counter(), []), rolled.as_json()
    assert "invariants hold" in mesh.run("audit", deadline_s=AUDIT_DEADLINE_S)
