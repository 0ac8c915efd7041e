"""A client's connection to one address, and the calls on it."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Sequence
from typing import Final

from meshkit.http2 import frames
from meshkit.http2.connection import Connection
from meshkit.http2.errors import ConnectionFault
from meshkit.http2.headers import literals
from meshkit.http2.stream import Stream
from meshkit.rpc import wiring
from meshkit.rpc.outgoing import OutgoingCall
from meshkit.rpc.transport import Transport

Metadata = Sequence[tuple[str, str]]

_KEEPALIVE_S: Final = 20.0
"""A connection with calls on it that has been silent for so long is asked whether it is still there."""
_KEEPALIVE_ANSWER_S: Final = 5.0
_PROBE: Final = b"alive?!?"
_USER_AGENT: Final = "meshkit/1 (python)"


class DialedConnection(Transport):
    """A connection that serves calls until the server says goodbye or it breaks; `on_gone` is told of either."""

    def __init__(self, authority: str, on_gone: Callable[[], None]) -> None:
        super().__init__()
        self._authority = authority
        self._on_gone = on_gone
        self._waiting: deque[asyncio.Future[None]] = deque()
        self._keepalive: asyncio.TimerHandle | None = None
        self._heard = 0.0
        self._probed = False
        self.open = False
        self.connection = Connection(self, client=True, wake=self.wake)

    @property
    def in_flight(self) -> int:
        """Calls under way."""
        return len(self.connection.streams)

    async def room(self) -> bool:
        """Waits until the server takes another call; False when the connection is leaving. The caller bounds the wait."""
        while not self.connection.has_room:
            if not self.open or self.connection.closing:
                return False
            place = self.loop.create_future()
            self._waiting.append(place)
            await place
        return self.open

    def send(self, path: str, payload: bytes, metadata: Metadata, timeout_s: float | None) -> OutgoingCall:
        """Sends a call with its only request; to be called where there is `room`."""
        stream = self.connection.open_stream()
        call = OutgoingCall(self.loop, stream, timeout_s)
        stream.receiver = call
        block = self.connection.encoder.lasting(path, self._request_headers(path))
        if timeout_s is not None:
            metadata = (*metadata, ("grpc-timeout", wiring.timeout_text(timeout_s)))
        stream.headers(block + literals(metadata))
        stream.data(wiring.framed(payload), end=True)
        return call

    def _request_headers(self, path: str) -> Metadata:
        return (
            (":method", "POST"),
            (":scheme", "http"),
            (":path", path),
            (":authority", self._authority),
            ("te", "trailers"),
            ("content-type", "application/grpc"),
            ("user-agent", _USER_AGENT),
        )

    def retire(self) -> None:
        """Takes no new calls and closes when those under way have ended."""
        self.open = False
        self._close_when_idle()

    def on_open(self) -> None:
        """Ready for calls."""
        self.open = True
        self._heard = self.loop.time()
        self._keepalive = self.loop.call_later(_KEEPALIVE_S, self._look)

    def data_received(self, data: bytes) -> None:
        """Called by asyncio."""
        self._heard = self.loop.time()
        super().data_received(data)

    def on_close(self, error: Exception | None) -> None:
        """Broken or closed: whoever waits for a place looks elsewhere."""
        if self._keepalive is not None:
            self._keepalive.cancel()
        self._gone()

    def on_stream(self, stream: Stream) -> None:
        """Servers open no streams; the protocol's state refuses them before."""

    def on_goaway(self, last: int, code: int, message: str) -> None:
        """The server leaves; calls that it has taken go on."""
        self._gone()
        self._close_when_idle()

    def on_slots(self) -> None:
        """There is room for a call that waits, or the last one has ended."""
        if self.connection.has_room and self._waiting:
            self._let_in(self._waiting.popleft())
        self._close_when_idle()

    def on_pong(self, payload: bytes) -> None:
        """The server is alive."""
        self._probed = False

    def on_fault(self, fault: ConnectionFault) -> None:
        """The server broke the protocol; its calls end with the connection."""

    def _gone(self) -> None:
        was_open, self.open = self.open, False
        while self._waiting:
            self._let_in(self._waiting.popleft())
        if was_open:
            self._on_gone()

    def _close_when_idle(self) -> None:
        if not self.open and not self.connection.streams:
            self.close()

    def _let_in(self, place: asyncio.Future[None]) -> None:
        if not place.done():
            place.set_result(None)

    def _look(self) -> None:
        """Whether anything was heard lately; a server that is paused or cut off would keep its callers for ever."""
        silent_s = self.loop.time() - self._heard
        if self._probed and silent_s >= _KEEPALIVE_ANSWER_S:
            self.abort()
            return
        wait_s = _KEEPALIVE_S
        if self.in_flight and silent_s >= _KEEPALIVE_S:
            self._probed, wait_s = True, _KEEPALIVE_ANSWER_S
            self.connection.write(frames.ping(_PROBE))
        elif self.in_flight:
            wait_s = max(_KEEPALIVE_S - silent_s, 0.1)
        self._keepalive = self.loop.call_later(wait_s, self._look)
