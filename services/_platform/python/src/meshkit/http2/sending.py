"""What waits to be sent: frames, and data that the peer's windows hold back."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING

from meshkit.http2 import frames
from meshkit.http2.errors import ConnectionFault, StreamFault
from meshkit.http2.headers import Encoder

if TYPE_CHECKING:
    from meshkit.http2.stream import Stream


class Outbox:
    """The sending side of a connection."""

    def __init__(self, wake: Callable[[], None]) -> None:
        self._wake = wake
        self._out: list[bytes] = []
        self._queue: dict[int, Stream] = {}
        self._peer_window = frames.DEFAULT_WINDOW
        self._chatter = 0
        self.unsent = 0
        """Octets of data that wait to be taken."""
        self.encoder = Encoder()
        self.peer_stream_window = frames.DEFAULT_WINDOW
        self.peer_frame_size = frames.DEFAULT_FRAME_SIZE

    def write(self, frame: bytes) -> None:
        """Queues whole frames."""
        if not self._out:
            self._wake()
        self._out.append(frame)

    def take(self) -> bytes:
        """All that is to be sent now."""
        out, self._out, self.unsent = self._out, [], 0
        return out[0] if len(out) == 1 else b"".join(out)

    def sent_end(self, stream: Stream) -> None:
        """Our half of the stream is over."""
        raise NotImplementedError

    def unqueue(self, stream: Stream) -> None:
        """The stream has nothing more to send."""
        self._queue.pop(stream.number, None)

    def send_headers(self, stream: Stream, block: bytes, *, end: bool) -> None:
        """Sends a block, in several frames when it is larger than one may be."""
        self._chatter = 0
        block = self.encoder.announcement() + block
        size = self.peer_frame_size
        flags = frames.END_STREAM if end else 0
        if len(block) <= size:
            flags |= frames.END_HEADERS
            self.write(frames.head(len(block), frames.HEADERS, flags, stream.number) + block)
        else:
            parts = [block[start : start + size] for start in range(0, len(block), size)]
            for number, part in enumerate(parts):
                kind = frames.CONTINUATION if number else frames.HEADERS
                last = frames.END_HEADERS if number == len(parts) - 1 else 0
                self.write(
                    frames.head(len(part), kind, last | (0 if number else flags), stream.number) + part
                )
        if end:
            self.sent_end(stream)

    def send_data(self, stream: Stream, data: bytes, *, end: bool) -> None:
        """Sends what the windows allow, and keeps the rest."""
        size = len(data)
        room = min(self.peer_frame_size, stream.send_window, self._peer_window)
        if not stream.waiting and (size <= room or size == 0):
            self._write_data(stream, data, end=end)
            return
        stream.waiting += data
        stream.waiting_end = end
        self._queue[stream.number] = stream
        self._pump(stream)

    def _write_data(self, stream: Stream, data: bytes, *, end: bool) -> None:
        size = len(data)
        self._chatter = 0
        stream.send_window -= size
        self._peer_window -= size
        self.unsent += size
        self.write(frames.head(size, frames.DATA, frames.END_STREAM if end else 0, stream.number) + data)
        if end:
            self.sent_end(stream)

    def _pump(self, stream: Stream) -> None:
        while stream.waiting:
            size = min(len(stream.waiting), self.peer_frame_size, stream.send_window, self._peer_window)
            if size <= 0:
                return
            part = bytes(stream.waiting[:size])
            del stream.waiting[:size]
            self._write_data(stream, part, end=stream.waiting_end and not stream.waiting)
        self.unqueue(stream)
        if stream.waiting_trailers is not None:
            block, stream.waiting_trailers = stream.waiting_trailers, None
            self.send_headers(stream, block, end=True)
        if stream.receiver is not None:
            stream.receiver.on_drained()

    def peer_connection_grew(self, increment: int) -> None:
        """The peer takes more on all streams together; those that waited longest go on first."""
        if increment == 0:
            raise ConnectionFault(frames.PROTOCOL_ERROR, "a window update of nothing")
        self._peer_window += increment
        if self._peer_window > frames.LARGEST_WINDOW:
            raise ConnectionFault(frames.FLOW_CONTROL_ERROR, "a window out of range")
        self.resume()

    def resume(self) -> None:
        """Sends what waits, as far as the windows allow now."""
        for stream in list(self._queue.values()):
            if self._peer_window <= 0:
                return
            self._pump(stream)

    def peer_stream_grew(self, stream: Stream, increment: int) -> None:
        """The peer takes more on one stream."""
        if increment == 0:
            raise StreamFault(frames.PROTOCOL_ERROR, "a window update of nothing")
        stream.send_window += increment
        if stream.send_window > frames.LARGEST_WINDOW:
            raise StreamFault(frames.FLOW_CONTROL_ERROR, "a window out of range")
        if stream.waiting:
            self._pump(stream)

    def peer_window_changed(self, size: int, streams: Iterable[Stream]) -> None:
        """The peer's SETTINGS_INITIAL_WINDOW_SIZE, which holds for open streams too.

        What may go on now goes with `resume`, after the acknowledgement: the window counts from there.
        """
        change, self.peer_stream_window = size - self.peer_stream_window, size
        for stream in streams:
            stream.send_window += change
            if stream.send_window > frames.LARGEST_WINDOW:
                raise ConnectionFault(frames.FLOW_CONTROL_ERROR, "a window out of range")
