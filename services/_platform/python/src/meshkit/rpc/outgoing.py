"""One attempt at a call: what is sent, and what comes back."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from meshkit.http2 import frames
from meshkit.http2.connection import STREAM_WINDOW
from meshkit.http2.headers import Pairs
from meshkit.http2.stream import Stream
from meshkit.rpc import wiring
from meshkit.rpc.wiring import WireFault

_OF_RESET: Final = {
    frames.REFUSED_STREAM: wiring.UNAVAILABLE,
    frames.CANCEL: wiring.CANCELLED,
    frames.ENHANCE_YOUR_CALM: wiring.RESOURCE_EXHAUSTED,
    frames.INADEQUATE_SECURITY: wiring.PERMISSION_DENIED,
}
# Octets of whole messages that may wait for their reader.
_MOST_BACKLOG: Final = STREAM_WINDOW // 2


@dataclass(frozen=True, slots=True)
class Ended:
    """How an attempt ended.

    `sent` is false when the server surely did nothing for it; `begun` when it had answered with headers before.
    """

    code: int
    message: str = ""
    trailers: Mapping[str, str] = field(default_factory=dict)
    sent: bool = True
    begun: bool = False


class OutgoingCall:
    """Receives a stream's frames. `messages` fills up as they come, `ended` says how it ended."""

    __slots__ = (
        "_backlog",
        "_messages",
        "_parts",
        "_stream",
        "_timer",
        "_unpaid",
        "_waiter",
        "ended",
        "initial",
    )

    def __init__(self, loop: asyncio.AbstractEventLoop, stream: Stream, timeout_s: float | None) -> None:
        self._stream = stream
        self._parts = wiring.Messages()
        self._waiter: asyncio.Future[None] | None = None
        self._timer = None if timeout_s is None else loop.call_later(timeout_s, self._expire)
        self._messages: deque[bytes] = deque()
        self._backlog = 0
        self._unpaid = 0
        self.initial: Mapping[str, str] = {}
        self.ended: Ended | None = None

    async def next(self) -> bytes | None:
        """The next message; None when the call has `ended`. Cancelled, it cancels the call."""
        while not self._messages:
            if self.ended is not None:
                return None
            await self._wait()
        message = self._messages.popleft()
        self._backlog -= wiring.cost(message)
        self._pay()
        return message

    async def only(self) -> bytes | None:
        """The message of a call that ends with one; None when it failed. Cancelled, it cancels the call."""
        while self.ended is None:
            await self._wait()
        if self.ended.code != wiring.OK:
            return None
        if len(self._messages) != 1:
            self.ended = Ended(wiring.INTERNAL, f"{len(self._messages)} messages instead of one", begun=True)
            return None
        return self._messages[0]

    async def _wait(self) -> None:
        self._waiter = asyncio.get_running_loop().create_future()
        try:
            await self._waiter
        except asyncio.CancelledError:
            self.cancel()
            raise

    def cancel(self) -> None:
        """Ends the call, and tells the server."""
        if self.ended is None:
            self._end(Ended(wiring.CANCELLED, "cancelled by the caller", begun=bool(self.initial)))
            self._stream.reset(frames.CANCEL)

    def on_headers(self, headers: Pairs, end: bool) -> None:
        """The response's headers, its trailers, or both at once."""
        values = dict(headers)
        if not end and not self.initial:
            self.initial = values
            if values.get(":status") != "200" or not wiring.is_grpc(values.get("content-type", "")):
                self._fail(_no_grpc(values))
            return
        code = values.get("grpc-status")
        if code is None or not end:
            return self._fail(_no_grpc(values))
        number = int(code) if code.isascii() and code.isdigit() else wiring.UNKNOWN
        message = wiring.unescaped(values.get("grpc-message", ""))
        if number == wiring.OK and self._parts.torn:
            number, message = wiring.INTERNAL, "the response is incomplete"
        self._end(Ended(number, message, values, begun=bool(self.initial)))
        if not self._stream.ended_here:  # the server wants to hear no more of the request
            self._stream.reset(frames.NO_ERROR)
        return None

    def on_data(self, data: bytes, end: bool) -> None:
        """A piece of the response."""
        try:
            found = self._parts.feed(data)
        except WireFault as fault:
            return self._fail(Ended(fault.code, str(fault), begun=True))
        if end:
            return self._fail(Ended(wiring.INTERNAL, "the response ended without a status", begun=True))
        self._unpaid += len(data)
        if found:
            self._messages.extend(found)
            self._backlog += sum(map(wiring.cost, found))
            self._wake()
        self._pay()
        return None

    def on_reset(self, code: int, *, untouched: bool) -> None:
        """The server, or the connection, gave up."""
        if untouched and not self.initial:
            self._end(Ended(wiring.UNAVAILABLE, "the server did not take the call", sent=False))
        elif code == frames.CONNECTION_LOST:
            self._end(Ended(wiring.UNAVAILABLE, "the connection was lost", begun=bool(self.initial)))
        else:
            status = _OF_RESET.get(code, wiring.INTERNAL)
            self._end(Ended(status, f"the server reset the call ({code})", begun=bool(self.initial)))

    def on_drained(self) -> None:
        """The request is on its way."""

    def _pay(self) -> None:
        """Lets the server go on, unless our reader is behind with what has come."""
        if self._backlog < _MOST_BACKLOG:
            self._stream.credit(self._unpaid)
            self._unpaid = 0

    def _expire(self) -> None:
        if self.ended is None:
            self._end(Ended(wiring.DEADLINE_EXCEEDED, "deadline exceeded", begun=bool(self.initial)))
            self._stream.reset(frames.CANCEL)

    def _fail(self, ended: Ended) -> None:
        self._end(ended)
        self._stream.reset(frames.CANCEL)

    def _end(self, ended: Ended) -> None:
        if self.ended is None:
            self.ended = ended
            # Else each call would be left to the garbage collector, which stops the world.
            self._stream.receiver = None
            if self._timer is not None:
                self._timer.cancel()
                self._timer = None
            self._wake()

    def _wake(self) -> None:
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)


def _no_grpc(headers: Mapping[str, str]) -> Ended:
    status = headers.get(":status", "")
    return Ended(wiring.code_of_http(status), f"not a gRPC answer: HTTP status {status}", begun=True)
