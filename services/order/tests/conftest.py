"""Stores to run one suite on: in memory, and on a fresh PostgreSQL database."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest

from meshkit.clock import FakeClock
from meshkit.postgres import Database
from order.adapters.memory import MemoryOrders
from order.adapters.postgres import PostgresOrders
from order.adapters.token_seal import TokenSeal
from order.app.ports import OrderStore
from services.order.tests.builders import LIMIT, NOW

SERVICE_DIR = Path(__file__).resolve().parents[1]


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock(NOW)


@pytest.fixture
async def order_database(database: Callable[[Path], str]) -> AsyncIterator[Database]:
    """A fresh database with this service's tables."""
    pool = Database(database(SERVICE_DIR), 8, "order-test")
    await pool.start()
    yield pool
    await pool.stop(1)


@pytest.fixture(params=["memory", "postgres"])
def store(request: pytest.FixtureRequest, clock: FakeClock) -> OrderStore:
    """Each implementation of the port in turn."""
    if request.param == "memory":
        return MemoryOrders(clock=clock, credit_limit=LIMIT)
    pool: Database = request.getfixturevalue("order_database")
    return PostgresOrders(pool, clock=clock, seal=TokenSeal("secret"), credit_limit=LIMIT)
