"""One call being served."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import TYPE_CHECKING, Final

from meshkit.http2 import frames
from meshkit.http2.connection import STREAM_WINDOW
from meshkit.http2.headers import Pairs as Headers
from meshkit.http2.headers import literals
from meshkit.http2.stream import Stream
from meshkit.logging import get_logger
from meshkit.rpc import wiring
from meshkit.rpc.handling import OK, Handler, Pairs, Status
from meshkit.rpc.wiring import CONTENT_TYPE, WireFault

if TYPE_CHECKING:
    from meshkit.rpc.serving import ServingConnection

_FIRST: Final = ((":status", "200"), ("content-type", CONTENT_TYPE))
_OK_TRAILERS: Final = literals((("grpc-status", "0"),))
_NOT_COMPRESSED: Final = (("grpc-accept-encoding", "identity"),)
# Octets of whole messages that may wait for their handler.
_MOST_BACKLOG: Final = STREAM_WINDOW // 2
log = get_logger()


class IncomingCall:
    """Receives a stream's frames, runs the handler, sends what it answers; implements `handling.Incoming`."""

    __slots__ = (
        "_backlog",
        "_connection",
        "_drained",
        "_handler",
        "_inbox",
        "_messages",
        "_request",
        "_stream",
        "_task",
        "_timer",
        "_unpaid",
        "begun",
        "metadata",
        "remaining_s",
    )

    def __init__(self, connection: ServingConnection, stream: Stream) -> None:
        self._connection = connection
        self._stream = stream
        self._handler: Handler | None = None
        self._messages = wiring.Messages()
        self._request: bytes | None = None
        self._inbox: asyncio.Queue[bytes | None] | None = None
        self._task: asyncio.Task[None] | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._drained: asyncio.Future[None] | None = None
        self._backlog = 0
        self._unpaid = 0
        self.begun = False
        self.metadata: dict[str, str] = {}
        self.remaining_s: float | None = None

    def on_headers(self, headers: Headers, end: bool) -> None:
        """The request's headers; trailers of a request are of no interest."""
        if self.metadata:
            if end:
                self._all_arrived()
            return
        self.metadata = metadata = dict(headers)
        if not wiring.is_grpc(metadata.get("content-type", "")):
            self._stream.headers(literals(((":status", "415"),)), end=True)
            self._dismiss()
            return self._leave()
        try:
            if metadata.get(":method") != "POST":
                raise WireFault(wiring.UNIMPLEMENTED, "calls are POST requests")
            if timeout := metadata.get("grpc-timeout"):
                self.remaining_s = wiring.timeout_s(timeout)
                self._timer = self._connection.loop.call_later(self.remaining_s, self._expire)
        except WireFault as fault:
            return self._refuse(fault)
        path = metadata.get(":path", "")
        self._handler = self._connection.handler(path)
        if self._handler is None:
            return self._refuse(WireFault(wiring.UNIMPLEMENTED, f"unknown method {path[:200]}"))
        if self._handler.stream is not None:
            self._inbox = asyncio.Queue()
            self._begin()
        if end:
            self._all_arrived()
        return None

    def on_data(self, data: bytes, end: bool) -> None:
        """A piece of the request."""
        if self._handler is None:
            return
        try:
            for message in self._messages.feed(data):
                self._on_message(message)
        except WireFault as fault:
            return self._refuse(fault)
        if end:
            self._all_arrived()
        else:
            self._unpaid += len(data)
            self._pay()
        return None

    def _pay(self) -> None:
        """Lets the caller go on, unless the handler is behind with what has come."""
        if self._backlog < _MOST_BACKLOG:
            self._stream.credit(self._unpaid)
            self._unpaid = 0

    def _on_message(self, message: bytes) -> None:
        if self._inbox is not None:
            self._backlog += wiring.cost(message)
            self._inbox.put_nowait(message)
        elif self._request is None:
            self._request = message
        else:
            raise WireFault(wiring.INTERNAL, "more than one message for a call that takes one")

    def _all_arrived(self) -> None:
        if self._inbox is not None:
            self._inbox.put_nowait(None)
        elif self._handler is not None and self._task is None:
            if self._request is None or self._messages.torn:
                return self._refuse(WireFault(wiring.INTERNAL, "the request is incomplete"))
            self._begin()
        return None

    def on_reset(self, code: int, *, untouched: bool) -> None:
        """The caller has gone away, by itself or with its connection."""
        self._stop_handler()

    def on_drained(self) -> None:
        """The caller has made room for more messages, or taken the last one."""
        if self._drained is not None and not self._drained.done():
            self._drained.set_result(None)
        if self._task is not None and self._task.done():
            self._dismiss()
            self._leave()

    def cancel(self) -> None:
        """Ends the call because the server ends."""
        self._end_early(Status(wiring.UNAVAILABLE, "the server is going away"))

    def send_metadata(self, pairs: Pairs) -> None:
        """Sends the initial metadata."""
        if self.begun:
            raise RuntimeError("initial metadata was sent already")
        own = literals([(key, _text(value)) for key, value in pairs])
        self.begun = True
        if not self._stream.ended_here:  # a block that changes the table must be sent
            self._stream.headers(self._connection.lasting("first", _FIRST) + own)

    async def send(self, message: bytes) -> None:
        """Sends one message; waits while the caller, or the network, takes no more."""
        if not self.begun:
            self.send_metadata(())
        self._stream.data(wiring.framed(message))
        while self._stream.blocked and not self._stream.ended_here:
            self._drained = asyncio.get_running_loop().create_future()
            await self._drained
        await self._connection.writable()

    def messages(self) -> AsyncIterator[bytes]:
        """The caller's messages as they come."""
        return self

    def __aiter__(self) -> AsyncIterator[bytes]:
        return self

    async def __anext__(self) -> bytes:
        assert self._inbox is not None
        message = await self._inbox.get()
        if message is None:
            self._inbox.put_nowait(None)  # whoever asks again is told again
            raise StopAsyncIteration
        self._backlog -= wiring.cost(message)
        self._pay()
        return message

    def _begin(self) -> None:
        loop = self._connection.loop
        if self._timer is not None:
            self.remaining_s = max(self._timer.when() - loop.time(), 0.0)
        self._task = loop.create_task(self._serve())
        self._task.add_done_callback(self._ended)

    async def _serve(self) -> None:
        handler = self._handler
        assert handler is not None
        try:
            if handler.unary is not None:
                assert self._request is not None
                response, status = await handler.unary(self, self._request)
                self._answer(response, status)
            else:
                assert handler.stream is not None
                self._finish(await handler.stream(self))
        except asyncio.CancelledError:
            self._finish(Status(wiring.CANCELLED, "cancelled"))
        except Exception as error:
            log.error("handler failed", rpc=self.metadata.get(":path"), exc_info=error)
            self._finish(Status(wiring.INTERNAL, "internal error"))

    def _ended(self, _: asyncio.Task[None]) -> None:
        if not self._stream.blocked:
            self._leave()

    def _answer(self, response: bytes | None, status: Status) -> None:
        if response is not None and status.code == wiring.OK:
            if not self.begun:
                self.send_metadata(())
            self._stream.data(wiring.framed(response))
        self._finish(status)

    def _expire(self) -> None:
        """The caller has given up by now: the work is stopped, and it is told so."""
        self._end_early(Status(wiring.DEADLINE_EXCEEDED, "deadline exceeded"))

    def _refuse(self, fault: WireFault) -> None:
        self._end_early(Status(fault.code, str(fault), _NOT_COMPRESSED))

    def _end_early(self, status: Status) -> None:
        """Answers with `status`, without a wait for a caller that takes nothing."""
        if self._stream.blocked:
            self._stream.reset(frames.CANCEL)
        else:
            self._finish(status)
        self._stop_handler()

    def _stop_handler(self) -> None:
        self._handler = None
        if self._task is None or self._task.done():
            self._leave()
        else:
            self._task.cancel()

    def _finish(self, status: Status) -> None:
        """Sends the status, once, and lets go of a caller that is still sending."""
        if self._stream.ended_here:
            return
        if status is OK:
            block = _OK_TRAILERS
        else:
            pairs = [("grpc-status", str(status.code))]
            if status.message:
                pairs.append(("grpc-message", wiring.escaped(status.message)))
            block = literals([*pairs, *((key, _text(value)) for key, value in status.trailers)])
        if not self.begun:
            self.begun = True
            block = self._connection.lasting("first", _FIRST) + block
        self._stream.trailers(block)
        self._dismiss()

    def _dismiss(self) -> None:
        """Answered while the caller is still sending: it need not go on."""
        if not self._stream.ended_there and not self._stream.blocked:
            self._stream.reset(frames.NO_ERROR)

    def _leave(self) -> None:
        self._handler = None
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        # Else the garbage collector would have to find it, and it stops the world.
        if self._stream.ended_here and self._stream.ended_there:
            self._stream.receiver = None
        self._connection.left(self)


def _text(value: str | bytes) -> str:
    return value if isinstance(value, str) else wiring.binary_text(value)
