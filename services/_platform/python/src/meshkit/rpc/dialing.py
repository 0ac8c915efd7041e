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
from meshkit.rpc.timing import Timing
from meshkit.rpc.transport import Transport

Metadata = Sequence[tuple[str, str]]

_PROBE: Final = b"alive?!?"
_LOOK_AT_MOST_EVERY_S: Final = 0.02
_TOO_MANY_PINGS: Final = "too_many_pings"
_USER_AGENT: Final = "meshkit/1 (python)"


class DialedConnection(Transport):
    """A connection that serves calls until the server says goodbye or it breaks; `on_gone` is told of either."""

    def __init__(self, authority: str, timing: Timing, on_gone: Callable[[], None]) -> None:
        super().__init__()
        self._authority = authority
        self._timing = timing
        self._on_gone = on_gone
        self._waiting: deque[asyncio.Future[None]] = deque()
        self._keepalive: asyncio.TimerHandle | None = None
        self._heard = 0.0
        self._owed_since = 0.0
        """When the first call was sent since anything was heard; 0 when nothing is owed."""
        self._questioned = False
        self._probed = False
        self.open = False
        self.asked_too_often = False
        """Whether the server parted because of our keepalive."""
        self.left_in_peace = False
        """Whether the server said goodbye for no fault of anybody."""
        self.failure = "the server hung up"
        """Why it is gone, once it is."""
        self.connection = Connection(self, client=True, wake=self.wake)

    @property
    def in_flight(self) -> int:
        """Calls under way."""
        return len(self.connection.streams)

    @property
    def free(self) -> bool:
        """Whether the server takes a call at once, with nobody waiting for that before."""
        return self.open and self.connection.has_room and not self._waiting

    def falls_silent(self) -> bool:
        """Whether it owes answers for longer than is usual: a server that is paused, cut off or overwhelmed.

        It is asked once whether it is still there, so that it is heard as soon as it is.
        """
        if not self._owed_since or self.loop.time() - self._owed_since < self._timing.silent_s:
            return False
        if not self._questioned:
            self._questioned = True
            self.connection.write(frames.ping(_PROBE))
        return True

    async def room(self) -> bool:
        """Waits until the server takes another call; False when the connection is leaving. The caller bounds the wait."""
        if self.free:
            return True
        queue_up = self._waiting.append
        while self.open:
            place = self.loop.create_future()
            queue_up(place)
            try:
                await place
            except asyncio.CancelledError:
                self._give_up(place)
                raise
            if self.connection.has_room:
                break
            queue_up = self._waiting.appendleft  # the place was taken by a call that came just then
        return self.open

    def _give_up(self, place: asyncio.Future[None]) -> None:
        if place in self._waiting:
            self._waiting.remove(place)
        else:
            self.on_slots()

    def send(self, path: str, payload: bytes, metadata: Metadata, timeout_s: float | None) -> OutgoingCall:
        """Sends a call with its only request; to be called where there is `room`.

        Raises ValueError for metadata that cannot be sent.
        """
        if timeout_s is not None:
            metadata = (*metadata, ("grpc-timeout", wiring.timeout_text(timeout_s)))
        if not self._owed_since:
            self._owed_since = self.loop.time()
        own = literals(metadata)
        stream = self.connection.open_stream()
        call = OutgoingCall(self.loop, stream, timeout_s)
        stream.receiver = call
        block = self.connection.encoder.lasting(path, self._request_headers(path))
        stream.headers(block + own)
        stream.data(wiring.framed(payload), end=True)
        if self.connection.closing:  # that was the last number there is for a stream
            self._gone()
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
        self._send_away()
        self._close_when_idle()

    def on_open(self) -> None:
        """Ready for calls."""
        self.open = True
        self._heard = self.loop.time()
        self._keepalive = self.loop.call_later(self._timing.keepalive_s, self._look)

    def data_received(self, data: bytes) -> None:
        """Called by asyncio."""
        self._heard = self.loop.time()
        self._owed_since, self._questioned = 0.0, False
        super().data_received(data)

    def on_close(self, error: Exception | None) -> None:
        """Broken or closed: whoever waits for a place looks elsewhere."""
        if self._keepalive is not None:
            self._keepalive.cancel()
        self._gone()

    def takes_more(self) -> bool:
        """Servers open no streams."""
        return False

    def on_stream(self, stream: Stream) -> None:
        """Servers open no streams; the protocol's state refuses them before."""

    def on_goaway(self, last: int, code: int, message: str) -> None:
        """The server leaves; calls that it has taken go on."""
        self.left_in_peace = code == frames.NO_ERROR
        self.failure = f"the server left ({code}) {message}"
        self.asked_too_often = code == frames.ENHANCE_YOUR_CALM and message == _TOO_MANY_PINGS
        self._gone()
        self._close_when_idle()

    def on_slots(self) -> None:
        """There is room for calls that wait, or the last one has ended."""
        room = self.connection.peer_max_streams - len(self.connection.streams)
        while self._waiting and room > 0:
            room -= _let_in(self._waiting.popleft())
        self._close_when_idle()

    def on_pong(self, payload: bytes) -> None:
        """The server is alive."""
        self._probed = False

    def on_fault(self, fault: ConnectionFault) -> None:
        """The server broke the protocol; its calls end with the connection, and new ones go elsewhere."""
        self.failure = f"the server broke the protocol: {fault}"
        self._gone()

    def give_up(self, failure: str) -> None:
        """Cuts the connection off, with all its calls."""
        self.failure = failure
        self.abort()

    def _gone(self) -> None:
        was_open, self.open = self.open, False
        self._send_away()
        if was_open:
            self._on_gone()

    def _send_away(self) -> None:
        while self._waiting:
            _let_in(self._waiting.popleft())

    def _close_when_idle(self) -> None:
        if not self.open and not self.connection.streams:
            self.close()

    def _look(self) -> None:
        """Whether anything was heard lately; a server that is paused or cut off would keep its callers for ever."""
        timing = self._timing
        silent_s = self.loop.time() - self._heard
        if self._probed and silent_s >= timing.keepalive_answer_s:
            self.give_up("the server does not answer")
            return
        wait_s = timing.keepalive_s
        if self.in_flight and silent_s >= timing.keepalive_s:
            self._probed, wait_s = True, timing.keepalive_answer_s
            self.connection.write(frames.ping(_PROBE))
        elif self.in_flight:
            wait_s = max(timing.keepalive_s - silent_s, _LOOK_AT_MOST_EVERY_S)
        self._keepalive = self.loop.call_later(wait_s, self._look)


def _let_in(place: asyncio.Future[None]) -> bool:
    """Whether it was still waited for."""
    if place.done():
        return False
    place.set_result(None)
    return True
