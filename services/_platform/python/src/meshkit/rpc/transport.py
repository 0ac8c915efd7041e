"""An HTTP/2 connection on an asyncio transport."""

from __future__ import annotations

import asyncio
from typing import Final, cast

from meshkit.http2.connection import Connection
from meshkit.http2.errors import ConnectionFault

# A peer that reads nothing holds back at most this much; whoever sends more waits.
_HIGH_WATER: Final = 256 * 1024
# Whoever writes more than this in one turn of the loop has it sent, and waits for the next.
_MOST_UNSENT: Final = 64 * 1024
# For the last words of a connection to reach a peer that reads slowly, or not at all.
_LAST_WORDS_S: Final = 5.0


class Transport(asyncio.Protocol):
    """Moves bytes between a socket and a `Connection`; what one turn of the loop produces leaves in one write."""

    connection: Connection

    def __init__(self) -> None:
        self.loop = asyncio.get_running_loop()
        self.closed: asyncio.Future[None] = self.loop.create_future()
        self._transport: asyncio.Transport | None = None
        self._room: asyncio.Event | None = None
        self._reading = False
        self._cutting: asyncio.TimerHandle | None = None

    def on_open(self) -> None:
        """The connection is there."""

    def on_close(self, error: Exception | None) -> None:
        """The connection is gone; its streams have been told."""

    def on_fault(self, fault: ConnectionFault) -> None:
        """The peer broke the protocol; the connection ends."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Called by asyncio."""
        self._transport = cast("asyncio.Transport", transport)
        self._transport.set_write_buffer_limits(high=_HIGH_WATER)
        self.connection.begin()
        self.on_open()

    def data_received(self, data: bytes) -> None:
        """Called by asyncio."""
        self._reading = True
        try:
            self.connection.feed(data)
        except ConnectionFault as fault:
            self.on_fault(fault)
            self.flush()
            self.close()
        finally:
            self._reading = False
        self.flush()

    def connection_lost(self, error: Exception | None) -> None:
        """Called by asyncio."""
        self._transport = None
        if self._cutting is not None:
            self._cutting.cancel()
        self.resume_writing()
        self.connection.lost()
        self.on_close(error)
        if not self.closed.done():
            self.closed.set_result(None)

    def pause_writing(self) -> None:
        """Called by asyncio when the peer reads too slowly."""
        self._room = asyncio.Event()

    def resume_writing(self) -> None:
        """Called by asyncio when there is room again."""
        if self._room is not None:
            self._room.set()
            self._room = None

    async def writable(self) -> None:
        """Waits while the peer reads too slowly; lets others have a turn before there is more to send than is good."""
        if self.connection.unsent > _MOST_UNSENT:
            self.flush()
            await asyncio.sleep(0)
        while self._room is not None:
            await self._room.wait()

    def wake(self) -> None:
        """There is something to send: after what is being read, or with the loop's next turn."""
        if not self._reading:
            self.loop.call_soon(self.flush)

    def flush(self) -> None:
        """Sends what is ready."""
        data = self.connection.take()
        if data and self._transport is not None and not self._transport.is_closing():
            self._transport.write(data)

    def close(self) -> None:
        """Sends what is ready, for a few seconds at most, and closes."""
        self.flush()
        if self._transport is None or self._transport.is_closing():
            return
        if self._transport.get_write_buffer_size():
            self._cutting = self.loop.call_later(_LAST_WORDS_S, self.abort)
        self._transport.close()

    def abort(self) -> None:
        """Closes without waiting for a peer that does not read."""
        if self._transport is not None:
            self._transport.abort()
