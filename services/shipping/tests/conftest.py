"""Each port with each of its implementations, and the served service on real stores."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path
from queue import Empty, Queue
from typing import Any

import pytest

from meshkit.postgres import Database
from meshkit.testing import Running, running
from shipping.adapters.carrier_http import HttpCarrier
from shipping.adapters.memory import MemoryStore
from shipping.adapters.postgres import PostgresStore
from shipping.app.ports import Carrier, Store
from shipping.bootstrap import build
from shipping.settings import ShippingSettings

from .builders import FakeCarrier

SERVICE = Path(__file__).parents[1]
CARRIER_LIMIT_S = 30


@pytest.fixture
def dsn(database: Callable[[Path], str]) -> str:
    """A fresh database of the service."""
    return database(SERVICE)


@pytest.fixture(params=["memory", "postgres"])
async def store(request: pytest.FixtureRequest) -> AsyncIterator[Store]:
    """Every implementation of the Store port."""
    if request.param == "memory":
        yield MemoryStore()
        return
    pool = Database(request.getfixturevalue("dsn"), 8, "test")
    await pool.start()
    yield PostgresStore(pool)
    await pool.stop(1)


def start_carrier(data: Path, step_s: float) -> tuple[subprocess.Popen[str], str]:
    """The carrier stand-in as a process, and its URL."""
    command = [sys.executable, "-m", "local.standins.carrier", "--listen", "127.0.0.1:0", "--data", str(data)]
    process = subprocess.Popen(
        command,
        stderr=subprocess.PIPE,
        text=True,
        cwd=SERVICE.parents[1],
        env=os.environ | {"CARRIER_STEP_S": str(step_s)},
    )
    address: Queue[str] = Queue()
    assert process.stderr is not None
    stream = process.stderr

    def read() -> None:
        with stream:
            for line in stream:
                said = json.loads(line)
                if said["event"] == "ready":
                    address.put(said["http"])

    threading.Thread(target=read, daemon=True).start()
    try:
        return process, f"http://{address.get(timeout=CARRIER_LIMIT_S)}"
    except Empty:
        process.kill()
        raise AssertionError("the carrier did not start") from None


@pytest.fixture
def carrier_url(tmp_path: Path) -> Iterator[str]:
    """A carrier whose parcels stay where they are."""
    process, url = start_carrier(tmp_path / "carrier", 3600)
    yield url
    process.kill()
    process.wait(10)


@pytest.fixture
def fast_carrier_url(tmp_path: Path) -> Iterator[str]:
    """A carrier whose parcels arrive within a second."""
    process, url = start_carrier(tmp_path / "carrier", 0.3)
    yield url
    process.kill()
    process.wait(10)


@pytest.fixture(params=["fake", "http"])
async def carrier(request: pytest.FixtureRequest) -> AsyncIterator[Carrier]:
    """Every implementation of the Carrier port."""
    if request.param == "fake":
        yield FakeCarrier()
        return
    http = HttpCarrier(request.getfixturevalue("carrier_url"), timeout_s=10, max_concurrent=32)
    await http.start()
    yield http
    await http.stop(1)


def settings_for(dsn: str, carrier_url: str, nats_url: str) -> ShippingSettings:
    """Settings for a test, which follow parcels often."""
    values: dict[str, Any] = {"database_url": dsn, "CARRIER_URL": carrier_url, "NATS_URL": nats_url}
    return ShippingSettings(**values, label_interval_s=0.05, tracking_interval_s=0.05)


@pytest.fixture
async def served(dsn: str, nats_server: str, carrier_url: str) -> AsyncIterator[Running]:
    """The whole service; parcels stay where they are."""
    async with running(build(settings_for(dsn, carrier_url, nats_server))) as server:
        yield server


@pytest.fixture
async def served_fast(dsn: str, nats_server: str, fast_carrier_url: str) -> AsyncIterator[Running]:
    """The whole service; parcels arrive within a second."""
    async with running(build(settings_for(dsn, fast_carrier_url, nats_server))) as server:
        yield server
