"""One call being served."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import TYPE_CHECKING, Final

from meshkit.http2 import frames
from meshkit.http2.headers import Pairs as Headers
from meshkit.http2.headers import literals
from meshkit.http2.stream import Stream
from meshkit.logging import get_logger
from meshkit.rpc import wiring
from meshkit.rpc.handling import OK, Handler, Pairs, Status
from meshkit.rpc.wiring import WireFault

if TYPE_CHECKING:
    from meshkit.rpc.serving import ServingConnection

_CONTENT_TYPE: Final = "application/grpc"
_FIRST: Final = ((":status", "200"), ("content-type", _CONTENT_TYPE))
_OK_TRAILERS: Final = literals((("grpc-status", "0"),))
log = get_logger()


class IncomingCall:
    """Receives a stream's frames, runs the handler, sends what it answers; implements `handling.Incoming`."""

    __slots__ = (
        "_connection",
        "_drained",
        "_handler",
        "_inbox",
        "_messages",
        "_request",
        "_stream",
        "_task",
        "_timer",
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
        if not metadata.get("content-type", "").startswith(_CONTENT_TYPE):
            self._stream.headers(literals(((":status", "415"),)), end=True)
            self._dismiss()
            return self._leave()
        try:
            if metadata.get(":method") != "POST":
                raise WireFault(wiring.UNIMPLEMENTED, "calls are POST requests")
            if timeout := metadata.get("grpc-timeout"):
                self.remaining_s = wiring.timeout_s(timeout)
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
            self._stream.credit(len(data))
        return None

    def _on_message(self, message: bytes) -> None:
        if self._inbox is not None:
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
        self._handler = None
        if self._task is not None:
            self._task.cancel()
        else:
            self._leave()

    def on_drained(self) -> None:
        """The caller has made room for more messages."""
        if self._drained is not None and not self._drained.done():
            self._drained.set_result(None)

    def cancel(self) -> None:
        """Ends the call because the server ends."""
        self._handler = None
        if self._task is not None:
            self._task.cancel()
        self._finish(Status(wiring.UNAVAILABLE, "the server is going away"))

    def send_metadata(self, pairs: Pairs) -> None:
        """Sends the initial metadata."""
        if self.begun:
            raise RuntimeError("initial metadata was sent already")
        self.begun = True
        block = self._connection.lasting("first", _FIRST)
        if pairs:
            block += literals([(key, _text(key, value)) for key, value in pairs])
        self._stream.headers(block)

    async def send(self, message: bytes) -> None:
        """Sends one message; waits while the caller, or the network, takes no more."""
        if not self.begun:
            self.send_metadata(())
        self._stream.data(wiring.framed(message))
        while self._stream.blocked and not self._stream.ended_here:
            self._drained = asyncio.get_running_loop().create_future()
            await self._drained
        await self._connection.writable()

    async def messages(self) -> AsyncIterator[bytes]:
        """The caller's messages as they come."""
        assert self._inbox is not None
        while (message := await self._inbox.get()) is not None:
            yield message

    def _begin(self) -> None:
        loop = self._connection.loop
        if self.remaining_s is not None:
            self._timer = loop.call_later(self.remaining_s, self._expire)
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
        self._leave()

    def _answer(self, response: bytes | None, status: Status) -> None:
        if response is not None and status.code == wiring.OK:
            if not self.begun:
                self.send_metadata(())
            self._stream.data(wiring.framed(response))
        self._finish(status)

    def _expire(self) -> None:
        """The caller has given up by now: the work is stopped, and it is told so."""
        self._handler = None
        if self._task is not None:
            self._task.cancel()
        self._finish(Status(wiring.DEADLINE_EXCEEDED, "deadline exceeded"))

    def _refuse(self, fault: WireFault) -> None:
        self._finish(Status(fault.code, str(fault)))
        if self._task is not None:
            self._task.cancel()
        else:
            self._leave()

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
            block = literals([*pairs, *((key, _text(key, value)) for key, value in status.trailers)])
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
        self._connection.left(self)


def _text(key: str, value: str | bytes) -> str:
    return value if isinstance(value, str) else wiring.binary_text(value)
