"""The catalogue's stores and a served product service."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import pytest

from meshkit.clock import FakeClock
from meshkit.once import DatabaseOnce
from meshkit.postgres import Database
from meshkit.testing import Running, running
from product.adapters.memory import MemoryCatalogue
from product.adapters.postgres import PostgresCatalogue, PostgresWriter
from product.adapters.remembered import RememberingCatalogue
from product.app.ports import Catalogue
from product.bootstrap import build
from product.settings import ProductSettings

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


@pytest.fixture(params=["memory", "postgres", "remembered"])
def catalogue(request: pytest.FixtureRequest) -> Catalogue:
    """Each implementation of the port in turn."""
    if request.param == "memory":
        return MemoryCatalogue()
    stored = PostgresCatalogue(request.getfixturevalue("pool"))
    return RememberingCatalogue(stored) if request.param == "remembered" else stored


@pytest.fixture
def once(pool: Database, clock: FakeClock) -> DatabaseOnce[PostgresWriter]:
    """Effects once, over the real database."""
    return DatabaseOnce(pool, PostgresWriter, clock)


@pytest.fixture
async def served(
    database: Callable[[Path], str], nats_server: str, clock: FakeClock
) -> AsyncIterator[Running]:
    """The whole service on free ports, over real stores."""
    values: dict[str, Any] = {"database_url": database(SERVICE), "NATS_URL": nats_server}
    async with running(build(ProductSettings(**values), clock=clock)) as server:
        yield server
