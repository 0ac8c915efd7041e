"""Small helps for tests of services: waiting with a deadline, a running server, a call's context."""

from __future__ import annotations

import asyncio
import inspect
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, NamedTuple, TypeVar, overload

from meshkit.client import Channel
from meshkit.context import ANONYMOUS, Identity
from meshkit.server import App, Server

T = TypeVar("T")


@overload
async def eventually(
    fn: Callable[[], Awaitable[T]], deadline_s: float = ..., interval_s: float = ...
) -> T: ...


@overload
async def eventually(fn: Callable[[], T], deadline_s: float = ..., interval_s: float = ...) -> T: ...


async def eventually(fn: Callable[[], Any], deadline_s: float = 5.0, interval_s: float = 0.01) -> Any:
    """Calls `fn` until it returns something true and raises no AssertionError, and returns that.

    After `deadline_s` seconds the last AssertionError is raised, or one that shows the last result.
    """
    until = time.monotonic() + deadline_s
    while True:
        failure: AssertionError | None = None
        result: Any = None
        try:
            outcome = fn()
            result = await outcome if inspect.isawaitable(outcome) else outcome
            if result:
                return result
        except AssertionError as error:
            failure = error
        if time.monotonic() >= until:
            raise failure or AssertionError(f"still {result!r} after {deadline_s:g} s")
        await asyncio.sleep(interval_s)


class Running(NamedTuple):
    """A served app and a channel to it."""

    server: Server
    channel: Channel


@asynccontextmanager
async def running(app: App, *, stop_grace_s: float = 2.0) -> AsyncIterator[Running]:
    """Serves `app` on free ports, with a channel connected to it, until the block ends."""
    server = Server(app, grpc_listen="127.0.0.1:0", admin_listen="127.0.0.1:0")
    await server.start()
    channel = Channel(app.name, server.addresses.get("grpc", "127.0.0.1:1"), app.settings)
    try:
        await channel.start()
        yield Running(server, channel)
    finally:
        await channel.stop(0)
        await server.stop(delay_s=0, grace_s=stop_grace_s)


@dataclass
class FakeCallContext:
    """A call's context without a server, for calling a servicer's methods directly."""

    identity: Identity = ANONYMOUS
    metadata: Mapping[str, str] = field(default_factory=dict)
    method: str = "/test.Service/Rpc"
    remaining: float | None = 5.0
    initial_metadata: dict[str, str] = field(default_factory=dict)

    def remaining_s(self) -> float | None:
        """What the test set."""
        return self.remaining

    def set_initial_metadata(self, key: str, value: str) -> None:
        """Keeps the pair in `initial_metadata`."""
        self.initial_metadata[key] = value
