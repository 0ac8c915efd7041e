"""A server's connections: accepted, aged, drained, closed."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable, Mapping, Sequence
from typing import Final

from meshkit.http2 import frames
from meshkit.http2.connection import Connection
from meshkit.http2.errors import ConnectionFault
from meshkit.http2.stream import Stream
from meshkit.logging import get_logger
from meshkit.rpc.handling import Handler
from meshkit.rpc.incoming import IncomingCall
from meshkit.rpc.transport import Transport

# Calls on a connection that has reached its age may still finish for this long.
AGE_GRACE_S: Final = 30.0
# Whoever connects says so within this time.
_HELLO_S: Final = 20.0
# Calls whose callers have gone may still be winding up; so many more than streams, and new ones are refused.
_MOST_CALLS: Final = 2_000
# Between the two farewells, for a peer that does not answer the ping between them.
_FAREWELL_S: Final = 1.0
# Replicas that were started together must not lose their connections together; nobody gains from guessing when.
_jitter = random.Random()  # noqa: S311
log = get_logger()


class ServingConnection(Transport):
    """One client's connection.

    It says goodbye in two steps, as RFC 9113 6.8 advises: first that no more streams are welcome, without naming one,
    then, after a round trip, which was the last: a request that crossed the first farewell is still served.
    """

    def __init__(
        self,
        handlers: Mapping[str, Handler],
        peers: set[ServingConnection],
        max_age_s: float,
        welcome: Callable[[], bool],
    ) -> None:
        super().__init__()
        self._handlers = handlers
        self._peers = peers
        self._max_age_s = max_age_s
        self._welcome = welcome
        self._calls: set[IncomingCall] = set()
        self._timers: list[asyncio.TimerHandle] = []
        self._leaving = False
        self.connection = Connection(self, client=False, wake=self.wake)

    def on_open(self) -> None:
        """Begins to age."""
        self._peers.add(self)
        if not self._welcome():  # it was on its way when the port closed
            self.abort()
        self._timers.append(self.loop.call_later(_HELLO_S, self._expect_hello))
        if self._max_age_s > 0:
            age_s = self._max_age_s * _jitter.uniform(0.9, 1.1)
            self._timers.append(self.loop.call_later(age_s, self.leave, AGE_GRACE_S))

    def on_close(self, error: Exception | None) -> None:
        """Cancels what is still being answered."""
        self._peers.discard(self)
        for timer in self._timers:
            timer.cancel()

    def handler(self, path: str) -> Handler | None:
        """What answers `/pkg.v1.Service/Rpc`."""
        return self._handlers.get(path)

    def lasting(self, key: str, pairs: Sequence[tuple[str, str]]) -> bytes:
        """A block of headers that every response begins with."""
        return self.connection.encoder.lasting(key, pairs)

    def left(self, call: IncomingCall) -> None:
        """A call is over."""
        self._calls.discard(call)
        self._close_when_idle()

    def leave(self, grace_s: float) -> None:
        """Takes no new calls, and closes when those under way have ended, or cuts them off after `grace_s`."""
        self._timers.append(self.loop.call_later(grace_s, self.cut))
        if self._leaving:
            return
        self._leaving = True
        self.connection.go_away(frames.LARGEST_STREAM_ID)
        self.connection.write(frames.ping(_FAREWELL))
        self._timers.append(self.loop.call_later(_FAREWELL_S, self._say_the_last))

    def cut(self) -> None:
        """Ends the calls that are left, and the connection."""
        for call in list(self._calls):
            call.cancel()
        self._say_the_last()
        self.close()

    def pause_writing(self) -> None:
        """Called by asyncio when the peer reads too slowly: it gets no more answers to ask for."""
        super().pause_writing()
        if self._transport is not None and not self._transport.is_closing():
            self._transport.pause_reading()

    def resume_writing(self) -> None:
        """Called by asyncio when there is room again."""
        super().resume_writing()
        if self._transport is not None and not self._transport.is_closing():
            self._transport.resume_reading()

    def takes_more(self) -> bool:
        """Whether another call may begin."""
        return len(self._calls) < _MOST_CALLS

    def on_stream(self, stream: Stream) -> None:
        """A call begins."""
        call = IncomingCall(self, stream)
        stream.receiver = call
        self._calls.add(call)

    def on_pong(self, payload: bytes) -> None:
        """The client has read the first farewell: what it sends from now on, it sends knowingly."""
        if payload == _FAREWELL:
            self._say_the_last()

    def on_goaway(self, last: int, code: int, message: str) -> None:
        """The client leaves: its calls may end."""
        if code != frames.NO_ERROR:
            log.info("a client left in anger", code=code, message=message)
        self._leaving = True
        self._close_when_idle()

    def on_slots(self) -> None:
        """A stream has ended, maybe the last one."""
        self._close_when_idle()

    def on_fault(self, fault: ConnectionFault) -> None:
        """The client broke the protocol."""
        log.info("a client broke the protocol", code=fault.code, message=str(fault))

    def _expect_hello(self) -> None:
        if not self.connection.introduced:
            self.abort()

    def _say_the_last(self) -> None:
        if self.connection.closing:
            return
        self.connection.closing = True
        self.connection.go_away(self.connection.last_peer_stream)
        self._close_when_idle()

    def _close_when_idle(self) -> None:
        if self._leaving and self.connection.closing and not self._calls and not self.connection.streams:
            self.close()


_FAREWELL: Final = b"farewell"


class RpcServer:
    """Listens on one address and answers with `handlers` (by path)."""

    def __init__(self, handlers: Mapping[str, Handler], max_connection_age_s: float) -> None:
        self._handlers = handlers
        self._max_age_s = max_connection_age_s
        self._peers: set[ServingConnection] = set()
        self._server: asyncio.Server | None = None
        self._stopped = False

    async def start(self, host: str, port: int) -> int:
        """Binds and accepts from here on; returns the port. Raises OSError when the address is taken."""
        loop = asyncio.get_running_loop()
        self._server = await loop.create_server(self._accept, host, port, backlog=512)
        return int(self._server.sockets[0].getsockname()[1])

    async def stop(self, grace_s: float) -> None:
        """Accepts no more, lets the calls under way end for `grace_s` seconds, then cuts them off."""
        self._stopped = True
        if self._server is None:
            return
        self._server.close()
        peers = list(self._peers)
        for peer in peers:
            peer.leave(grace_s)
        if closed := [peer.closed for peer in peers]:
            await asyncio.wait(closed, timeout=grace_s + 1.0)
        if late := list(self._peers):
            for peer in late:
                peer.abort()
            await asyncio.wait([peer.closed for peer in late], timeout=1.0)

    def _accept(self) -> ServingConnection:
        return ServingConnection(self._handlers, self._peers, self._max_age_s, lambda: not self._stopped)
