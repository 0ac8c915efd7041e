"""Fixtures of the runtime's tests."""

from __future__ import annotations

import asyncio
import shutil
import tempfile
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from local.home import Home
from local.stores import account
from local.supervision.children import use_pidfd
from local.supervision.supervisor import Supervisor


@pytest.fixture(autouse=True)
async def child_watcher() -> AsyncIterator[None]:
    """Children are watched by this test's loop, and the next test's by its own."""
    use_pidfd()
    yield
    asyncio.get_event_loop_policy().set_child_watcher(asyncio.ThreadedChildWatcher())


@pytest.fixture
async def supervisor(tmp_path: Path) -> AsyncIterator[Supervisor]:
    """An empty supervisor; whatever a test leaves running is stopped."""
    logs = tmp_path / "logs"
    logs.mkdir()
    running = Supervisor(logs)
    yield running
    running.kill_all()
    await running.stop_all()
    running.close()


@pytest.fixture
def home() -> Iterator[Home]:
    """A home that PostgreSQL's account can reach, so that stores lie in it."""
    folder = Path(tempfile.mkdtemp(prefix="banyan-test-"))
    folder.chmod(0o755)
    made = Home(folder)
    made.create()
    yield made
    cluster = account.data_folder(folder)
    shutil.rmtree(folder)
    assert not cluster.exists()
