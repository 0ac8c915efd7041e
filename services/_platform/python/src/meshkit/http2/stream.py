"""One request and its response on a connection."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from meshkit.http2 import frames
from meshkit.http2.headers import Pairs

if TYPE_CHECKING:
    from meshkit.http2.connection import Connection


class Receiver(Protocol):
    """Whom a stream tells what arrives; each method returns at once."""

    def on_headers(self, headers: Pairs, end: bool) -> None:
        """A block of headers or trailers; `end` when nothing follows."""
        ...

    def on_data(self, data: bytes, end: bool) -> None:
        """A piece of the body; to be paid back by `Stream.credit`."""
        ...

    def on_reset(self, code: int, *, untouched: bool) -> None:
        """The stream is over without an end; `untouched` when the peer surely did nothing for it."""
        ...

    def on_drained(self) -> None:
        """All that was waiting for the peer's window has been sent."""
        ...


class Stream:
    """The sending half, and the accounts of both windows."""

    __slots__ = (
        "_connection",
        "_owed",
        "ended_here",
        "ended_there",
        "number",
        "receive_window",
        "receiver",
        "send_window",
        "waiting",
        "waiting_end",
        "waiting_trailers",
    )

    def __init__(self, connection: Connection, number: int, send_window: int, receive_window: int) -> None:
        self._connection = connection
        self._owed = 0
        self.number = number
        self.send_window = send_window
        self.receive_window = receive_window
        self.receiver: Receiver | None = None
        self.ended_here = False
        self.ended_there = False
        self.waiting = bytearray()
        self.waiting_end = False
        self.waiting_trailers: bytes | None = None

    @property
    def blocked(self) -> bool:
        """Whether data waits for the peer to open its window."""
        return bool(self.waiting)

    def headers(self, block: bytes, *, end: bool = False) -> None:
        """Sends a block of headers."""
        if not self.ended_here:
            self._connection.send_headers(self, block, end=end)

    def data(self, data: bytes, *, end: bool = False) -> None:
        """Sends a piece of the body as far as the windows allow; the rest waits here."""
        if not self.ended_here:
            self._connection.send_data(self, data, end=end)

    def trailers(self, block: bytes) -> None:
        """Ends our half with a block that depends on no table, after all data."""
        if self.ended_here:
            return
        if self.waiting:
            self.waiting_trailers = block
        else:
            self._connection.send_headers(self, block, end=True)

    def reset(self, code: int = frames.CANCEL) -> None:
        """Ends both halves now."""
        self._connection.reset(self, code)

    def credit(self, size: int) -> None:
        """Lets the peer send `size` octets more, told when they have become worth a frame."""
        self._owed += size
        if not self.ended_there and self._owed >= self._connection.stream_window // 2:
            self._connection.enlarge(self, self._owed)
            self._owed = 0
