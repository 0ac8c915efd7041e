"""What a connection tells its holder."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from meshkit.http2.stream import Stream


class Owner(Protocol):
    """Who holds a connection."""

    def takes_more(self) -> bool:
        """Whether another request may begin; else it is refused, as surely untouched."""
        ...

    def on_stream(self, stream: Stream) -> None:
        """A request begins; the owner gives the stream its receiver."""
        ...

    def on_goaway(self, last: int, code: int, message: str) -> None:
        """The peer takes no new streams; those above `last` have been told that they are untouched."""
        ...

    def on_pong(self, payload: bytes) -> None:
        """A ping was answered."""
        ...

    def on_slots(self) -> None:
        """A stream has ended, or the peer allows more of them."""
        ...
