"""A server in another thread, for clients that block."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future

import pytest

from meshkit.server import App
from meshkit.testing import running


@pytest.fixture
def reflected_server(echo_app: Callable[..., App]) -> Iterator[str]:
    """The address of an echo service that runs beside the test."""
    address: Future[str] = Future()
    loop = asyncio.new_event_loop()
    done = asyncio.Event()

    async def serve() -> None:
        async with running(echo_app()) as (server, _):
            address.set_result(server.addresses["grpc"])
            await done.wait()

    thread = threading.Thread(target=loop.run_until_complete, args=(serve(),))
    thread.start()
    try:
        yield address.result(timeout=20)
    finally:
        loop.call_soon_threadsafe(done.set)
        thread.join(timeout=20)
        loop.run_until_complete(loop.shutdown_default_executor())
        loop.close()
