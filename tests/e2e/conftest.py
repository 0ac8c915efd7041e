"""For tests of repeated requests: people to send them, and parcels that stay."""

from __future__ import annotations

from collections.abc import Iterator

import httpx2
import pytest

from tests.support.mesh import RunningMesh
from tests.support.repeats.case import World
from tests.support.repeats.world import populated


@pytest.fixture(scope="session")
def people(mesh: RunningMesh) -> Iterator[World]:
    """Customers and staff, two of each, logged in."""
    with populated(mesh) as world:
        yield world


@pytest.fixture(scope="module")
def world(people: World) -> Iterator[World]:
    """The people, while their parcels stay with the carrier: what they order can be cancelled at any time."""
    parcels = f"http://{people.mesh.address('carrier', 'http')}/_parcels"
    httpx2.post(parcels, json={"held": True}).raise_for_status()
    yield people
    httpx2.post(parcels, json={"held": False}).raise_for_status()
