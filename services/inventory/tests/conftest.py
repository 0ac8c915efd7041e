"""The stores and a served inventory service."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import pytest

from inventory.adapters.memory import MemoryWarehouse
from inventory.adapters.postgres import PostgresStock, PostgresWarehouse
from inventory.app.ports import Warehouse
from inventory.bootstrap import build
from inventory.settings import InventorySettings
from meshkit.clock import FakeClock
from meshkit.once import DatabaseOnce
from meshkit.postgres import Database
from meshkit.testing import Running, running

SERVICE = Path(__file__).parent.parent


@pytest.fixture
def clock() -> FakeClock:
    """Stands still."""
    return FakeClock()


@pytest.fixture
async def pool(database: Callable[[Path], str]) -> AsyncIterator[Database]:
    """A pool on a fresh database."""
    store = Database(database(SERVICE), 4)
    await store.start()
    yield store
    await store.stop(1)


@pytest.fixture(params=["memory", "postgres"])
def warehouse(request: pytest.FixtureRequest) -> Warehouse:
    """Each implementation of the port in turn."""
    if request.param == "memory":
        return MemoryWarehouse()
    return PostgresWarehouse(request.getfixturevalue("pool"))


@pytest.fixture
def once(pool: Database, clock: FakeClock) -> DatabaseOnce[PostgresStock]:
    """Effects once, over the real database."""
    return DatabaseOnce(pool, PostgresStock, clock)


@pytest.fixture
async def served(
    database: Callable[[Path], str], nats_server: str, clock: FakeClock
) -> AsyncIterator[Running]:
    """The whole service on free ports, over real stores."""
    values: dict[str, Any] = {"database_url": database(SERVICE), "NATS_URL": nats_server}
    async with running(build(InventorySettings(**values), clock=clock)) as server:
        yield server
