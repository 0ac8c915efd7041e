"""The same key at the same moment at both replicas of its owner, through both gateways: still one effect."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import httpx2
import pytest

from tests.support.mesh import RunningMesh, fresh_mesh
from tests.support.repeats.case import Mutation, World
from tests.support.repeats.crowd import one_effect_of_many
from tests.support.repeats.table import ROWS
from tests.support.repeats.world import populated


@pytest.fixture(scope="module")
def two_of_each() -> Iterator[World]:
    """A mesh of its own with two replicas of every service, and people to send requests; parcels stay where they are."""
    with fresh_mesh("--replicas", "all=2") as mesh, populated(mesh) as world:
        parcels = f"http://{mesh.address('carrier', 'http')}/_parcels"
        httpx2.post(parcels, json={"held": True}).raise_for_status()
        yield world


def replicas(mesh: RunningMesh, service: str) -> list[dict[str, Any]]:
    """The processes of a service."""
    return [row for row in mesh.first_status["processes"] if row["group"] == service]


def answered(process: dict[str, Any], rpc: str) -> float:
    """How many calls of a method a process has answered."""
    text = httpx2.get(f"http://{process['addresses']['admin']}/metrics").text
    lines = [line for line in text.splitlines() if line.startswith("rpc_server_call_duration_seconds_count{")]
    return sum(float(line.split()[-1]) for line in lines if f'rpc_method="{rpc}"' in line)


@pytest.mark.parametrize("row", ROWS, ids=str)
def test_of_many_at_two_replicas_one_has_the_effect(row: Mutation, two_of_each: World) -> None:
    mesh, rpc = two_of_each.mesh, row.rpc.split(".")[1]
    owners = replicas(mesh, row.service)
    before = [answered(owner, rpc) for owner in owners]
    gateways = [f"http://{each['addresses']['http']}" for each in replicas(mesh, "gateway")]
    one_effect_of_many(row, two_of_each, gateways)
    more = [answered(owner, rpc) - count for owner, count in zip(owners, before, strict=True)]
    assert min(more) >= 1, f"not both replicas were asked: {more}"
