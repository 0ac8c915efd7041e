"""What a server does with a call: bytes and metadata in, bytes and a status out."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

Pairs = Sequence[tuple[str, str | bytes]]
"""Metadata; bytes under keys that end in `-bin`."""


class Incoming(Protocol):
    """A call as its handler sees it."""

    @property
    def metadata(self) -> Mapping[str, str]:
        """What came with it, pseudo headers included; of a repeated key the last value."""
        ...

    @property
    def remaining_s(self) -> float | None:
        """Seconds until the caller gives up, as it said at the start; None without a deadline."""
        ...

    def send_metadata(self, pairs: Pairs) -> None:
        """Sends the initial metadata, once, before any message."""
        ...

    async def send(self, message: bytes) -> None:
        """Sends one message of a stream; waits while the caller takes no more."""
        ...

    def messages(self) -> AsyncIterator[bytes]:
        """The caller's messages as they come; for handlers of streams of requests."""
        ...


@dataclass(frozen=True, slots=True)
class Status:
    """How a call ended; `trailers` are sent with it."""

    code: int = 0
    message: str = ""
    trailers: Pairs = field(default=())


OK = Status()
Unary = Callable[[Incoming, bytes], Awaitable[tuple[bytes | None, Status]]]
Streaming = Callable[[Incoming], Awaitable[Status]]


@dataclass(frozen=True, slots=True)
class Handler:
    """How one method is answered: by `unary`, which gets the only request, or by `stream`, which asks for them."""

    unary: Unary | None = None
    stream: Streaming | None = None
