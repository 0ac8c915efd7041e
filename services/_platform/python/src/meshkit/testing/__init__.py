"""A pytest plugin with real stores on free ports. The tree's `conftest.py` names it, once."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from meshkit import logging
from meshkit.clock import FakeClock
from meshkit.testing import postgres, session
from meshkit.testing.aid import FakeCallContext, Running, eventually, running
from meshkit.testing.brokers import NatsServer, RedisServer
from meshkit.testing.postgres import PostgresServer

__all__ = [
    "FakeCallContext",
    "FakeClock",
    "NatsServer",
    "PostgresServer",
    "RedisServer",
    "Running",
    "eventually",
    "running",
]

_began_here = pytest.StashKey[bool]()


def pytest_configure(config: pytest.Config) -> None:
    """Begins the session that this process and its workers share."""
    # Its fork handlers only warn, and whatever we start replaces itself at once.
    os.environ.setdefault("GRPC_ENABLE_FORK_SUPPORT", "0")
    logging.configure("test", "info")
    config.stash[_began_here] = session.begin()


def pytest_unconfigure(config: pytest.Config) -> None:
    """Stops the session's servers, in the process where it began."""
    if config.stash.get(_began_here, False):
        session.end()


@pytest.fixture(scope="session")
def postgres_server() -> PostgresServer:
    """The session's PostgreSQL, shared by all workers."""
    return postgres.start()


@pytest.fixture
def database(postgres_server: PostgresServer) -> Iterator[Callable[[Path | str], str]]:
    """`database(service_dir)` → the address of a fresh database with that service's migrations applied."""
    made: list[str] = []

    def create(service_dir: Path | str) -> str:
        made.append(postgres_server.create(Path(service_dir) / "migrations"))
        return made[-1]

    yield create
    for dsn in made:
        postgres_server.drop(dsn)


@pytest.fixture
def nats_broker(tmp_path: Path) -> Iterator[NatsServer]:
    """A NATS server of this test's own, to be stopped and started at will (`.process`), with `.url`."""
    server = NatsServer(tmp_path)
    server.process.start()
    yield server
    server.process.stop()


@pytest.fixture
def nats_server(nats_broker: NatsServer) -> str:
    """The address of a NATS server that only this test uses."""
    return nats_broker.url


@pytest.fixture
def redis_server(tmp_path: Path) -> Iterator[str]:
    """The address of a Redis server that only this test uses."""
    server = RedisServer(tmp_path)
    server.process.start()
    yield server.url
    server.process.stop()
