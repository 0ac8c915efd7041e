"""Where the system under test is: a mesh of this session's own, or the one whose home `BANYAN_TEST_HOME` names."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.mesh import RunningMesh, fresh_mesh
from tests.support.shop import Shop


@pytest.fixture(scope="session")
def mesh(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningMesh]:
    """A whole mesh, seeded. Its parcels take 2 s a step."""
    given = os.environ.get("BANYAN_TEST_HOME")
    if given:
        yield RunningMesh(Path(given))
        return
    with fresh_mesh() as started:
        yield started


@pytest.fixture
def shop(mesh: RunningMesh) -> Iterator[Shop]:
    """The shop as seen through its gateway, by somebody who has not logged in."""
    with Shop(mesh.gateway) as visitor:
        yield visitor


@pytest.fixture
def buyer(mesh: RunningMesh) -> Iterator[Shop]:
    """A new customer, logged in."""
    with Shop(mesh.gateway) as customer:
        customer.register_and_log_in()
        yield customer


@pytest.fixture
def other_buyer(mesh: RunningMesh) -> Iterator[Shop]:
    """Another new customer, logged in."""
    with Shop(mesh.gateway) as customer:
        customer.register_and_log_in()
        yield customer


@pytest.fixture
def staff(mesh: RunningMesh) -> Iterator[Shop]:
    """Somebody who works for the shop, logged in."""
    with Shop(mesh.gateway) as member:
        member.log_in(*mesh.staff)
        yield member
