"""The connection to one address, made again whenever it is lost."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable
from dataclasses import replace
from enum import Enum
from typing import Final

from google.protobuf.message import DecodeError
from grpc_health.v1 import health_pb2

from meshkit.logging import get_logger
from meshkit.rpc import wiring
from meshkit.rpc.dialing import DialedConnection
from meshkit.rpc.outgoing import OutgoingCall
from meshkit.rpc.timing import Timing

Address = tuple[str, int]

# However short they live, connections are not made more often.
_LEAST_LIFE_S: Final = 0.1
_FIRST_BACKOFF_S: Final = 0.1
_LONGEST_BACKOFF_S: Final = 2.0
_GROWTH: Final = 1.6
_WATCH_AGAIN: Final = 2
_ABORT_S: Final = 1.0
_WATCH: Final = "/grpc.health.v1.Health/Watch"
_jitter = random.Random()  # noqa: S311 - callers must not come back all at once; nobody gains from guessing when
log = get_logger()


class State(Enum):
    """As in gRPC's connectivity API; an address stays FAILED until a connection stands again."""

    CONNECTING = "connecting"
    READY = "ready"
    FAILED = "failed"


class Subchannel:
    """Keeps one address connected; `changed` is called whenever `state` has changed.

    It is READY only while the server reports SERVING on its health service, so that one that drains is left alone
    before it closes; a server without a health service is ready as soon as it is connected.
    """

    def __init__(
        self, upstream: str, address: Address, authority: str, timing: Timing, changed: Callable[[], None]
    ) -> None:
        self._upstream = upstream
        self._authority = authority
        self._timing = timing
        self._changed = changed
        self._task: asyncio.Task[None] | None = None
        self._gone = asyncio.Event()
        self._connection: DialedConnection | None = None
        self._connections: set[DialedConnection] = set()
        self._was_ready = False
        self.address = address
        self.state = State.CONNECTING
        self.failure = ""

    @property
    def connection(self) -> DialedConnection | None:
        """The connection to call on, when READY."""
        return self._connection if self.state is State.READY else None

    def start(self) -> None:
        """Begins to connect."""
        self._task = asyncio.get_running_loop().create_task(self._run(), name=f"subchannel-{self._upstream}")

    async def stop(self, grace_s: float) -> None:
        """Lets the calls under way end for `grace_s` seconds, then cuts them off."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.wait({self._task})
        for connection in list(self._connections):
            connection.retire()
        try:
            await self._closed(grace_s)
        finally:
            for connection in list(self._connections):
                connection.abort()
        await self._closed(_ABORT_S)

    async def _closed(self, timeout_s: float) -> None:
        if closed := [connection.closed for connection in self._connections]:
            await asyncio.wait(closed, timeout=timeout_s)

    async def _run(self) -> None:
        failures = 0
        while True:
            try:
                connection = await self._connect()
            except (OSError, TimeoutError) as error:
                self.failure = f"{type(error).__name__}: {error}"[:200]
                self._become(State.FAILED)
                await asyncio.sleep(_backoff_s(failures))
                failures += 1
                continue
            since = connection.loop.time()
            if await self._used(connection):
                failures = 0
                self._become(State.CONNECTING)
                await asyncio.sleep(max(since + _LEAST_LIFE_S - connection.loop.time(), 0.0))
            else:  # it hangs up on us: no reason to hurry
                self.failure = connection.failure
                # A goodbye before a word may be chance, once: the connection's age, or the end of the server.
                if failures or not connection.left_in_peace:
                    self._become(State.FAILED)
                await asyncio.sleep(_backoff_s(failures))
                failures += 1

    async def _used(self, connection: DialedConnection) -> bool:
        """Offers the connection until it is gone; whether it was ever ready."""
        self._connection, self._was_ready = connection, False
        self._connections.add(connection)
        connection.closed.add_done_callback(lambda _: self._connections.discard(connection))
        watcher = asyncio.create_task(self._watch(connection), name=f"health-{self._upstream}")
        try:
            await self._gone.wait()
        finally:
            watcher.cancel()
            await asyncio.wait({watcher})
            self._connection = None
            if connection.asked_too_often:  # proposal A8
                self._timing = replace(self._timing, keepalive_s=2 * self._timing.keepalive_s)
        return self._was_ready

    async def _connect(self) -> DialedConnection:
        self._gone = asyncio.Event()
        gone, loop = self._gone, asyncio.get_running_loop()
        async with asyncio.timeout(self._timing.connect_s):
            _, connection = await loop.create_connection(
                lambda: DialedConnection(self._authority, self._timing, gone.set), *self.address
            )
        return connection

    async def _watch(self, connection: DialedConnection) -> None:
        """Follows the server's health until the connection is gone."""
        while await connection.room():
            call = connection.send(_WATCH, b"", (), None)
            try:
                if await self._followed(call) == wiring.UNIMPLEMENTED:
                    return self._become(State.READY)
            except TimeoutError:
                return connection.give_up("the server does not answer")
            except DecodeError:
                self.failure = "the server does not say how it is"
            if connection.open:
                self._become(State.FAILED)
                await asyncio.sleep(_backoff_s(_WATCH_AGAIN))
        return None

    async def _followed(self, call: OutgoingCall) -> int:
        """Goes along with what the server tells of itself; the status with which it ended."""
        try:
            async with asyncio.timeout(self._timing.connect_s) as limit:
                while (message := await call.next()) is not None:
                    limit.reschedule(None)
                    told = health_pb2.HealthCheckResponse.FromString(message).status
                    if told == health_pb2.HealthCheckResponse.SERVING:
                        self._become(State.READY)
                    else:
                        self.failure = "the server reports that it is not serving"
                        self._become(State.FAILED)
        finally:
            call.cancel()
        assert call.ended is not None
        return call.ended.code

    def _become(self, state: State) -> None:
        if state is State.CONNECTING and self.state is State.FAILED:
            return
        self._was_ready = self._was_ready or state is State.READY
        if state is not self.state:
            self.state = state
            log.debug("upstream address", upstream=self._upstream, address=self.address[0], state=state.value)
            self._changed()


def _backoff_s(failures: int) -> float:
    longest = min(_FIRST_BACKOFF_S * _GROWTH**failures, _LONGEST_BACKOFF_S)
    return longest * _jitter.uniform(0.8, 1.2)
