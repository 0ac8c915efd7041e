"""One side of a connection: `feed` it what arrives, send what `take` gives."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from meshkit.http2 import frames, settings
from meshkit.http2.checks import for_connection, of_size, unpadded
from meshkit.http2.errors import ConnectionFault, StreamFault
from meshkit.http2.headers import MAX_LIST_SIZE, Decoder
from meshkit.http2.owner import Owner
from meshkit.http2.sending import Outbox
from meshkit.http2.stream import Stream

CONNECTION_WINDOW: Final = 16 * 2**20
"""Octets that a peer may send on all streams together before it is told to go on."""
STREAM_WINDOW: Final = 2**20
"""The same on one stream."""
# Until the peer has said how many it takes; RFC 9113 wants no peer to take fewer.
_STREAMS_AT_FIRST: Final = 100
# More frames than this without a single request or answer between them is an attack, not a conversation.
_MAX_IDLE_CHATTER: Final = 10_000


class Connection(Outbox):
    """The protocol's state on the receiving side; `Outbox` has the sending one.

    `client` says which side this is; `wake` is called when there is something to `take`.
    """

    def __init__(
        self, owner: Owner, *, client: bool, wake: Callable[[], None], max_streams: int = 1_000
    ) -> None:
        super().__init__(wake)
        self._owner = owner
        self._client = client
        self._max_streams = max_streams
        self._decoder = Decoder()
        self.streams: dict[int, Stream] = {}
        self.peer_max_streams = _STREAMS_AT_FIRST if client else 0
        self.last_peer_stream = 0
        self.closing = False
        self.stream_window = STREAM_WINDOW
        self.introduced = False
        self._next_number = 1
        self._last_promised = frames.LARGEST_STREAM_ID
        self._rest = b"" if client else None
        self._preface = b""
        self._window = CONNECTION_WINDOW
        self._owed = 0
        self._open_block: tuple[int, Stream | None, bool, bytearray] | None = None
        # Nothing may come before the peer's settings, which put the others in.
        self._handlers: dict[int, Callable[[int, int, bytes], None]] = {frames.SETTINGS: self._on_settings}
        self._later_handlers: dict[int, Callable[[int, int, bytes], None]] = {
            frames.DATA: self._on_data,
            frames.HEADERS: self._on_headers,
            frames.PRIORITY: self._on_priority,
            frames.RST_STREAM: self._on_reset,
            frames.PUSH_PROMISE: self._on_push,
            frames.PING: self._on_ping,
            frames.GOAWAY: self._on_goaway,
            frames.WINDOW_UPDATE: self._on_window_update,
            frames.CONTINUATION: self._on_continuation,
        }

    def begin(self) -> None:
        """Says hello."""
        if self._client:
            self.write(frames.PREFACE)
        values = {
            frames.INITIAL_WINDOW_SIZE: STREAM_WINDOW,
            frames.MAX_HEADER_LIST_SIZE: MAX_LIST_SIZE,
        }
        if self._client:
            values[frames.ENABLE_PUSH] = 0
        else:
            values[frames.MAX_CONCURRENT_STREAMS] = self._max_streams
        self.write(frames.settings(values))
        self.write(frames.window_update(0, CONNECTION_WINDOW - frames.DEFAULT_WINDOW))

    def open_stream(self) -> Stream:
        """A new stream of ours; ask `has_room` before."""
        stream = Stream(self, self._next_number, self.peer_stream_window, STREAM_WINDOW)
        self._next_number += 2
        if self._next_number > frames.LARGEST_STREAM_ID:
            self.closing = True
        self.streams[stream.number] = stream
        return stream

    @property
    def has_room(self) -> bool:
        """Whether the peer takes another stream of ours now."""
        return not self.closing and len(self.streams) < self.peer_max_streams

    def feed(self, data: bytes) -> None:
        """Takes what arrived. Raises ConnectionFault, with the farewell ready to `take`."""
        try:
            self._read(data)
        except ConnectionFault as fault:
            self.closing = True
            self.go_away(self.last_peer_stream, fault.code, str(fault))
            raise

    def lost(self) -> None:
        """The connection is gone: every stream is told."""
        self.closing = True
        for stream in list(self.streams.values()):
            self._forget(stream)
            if stream.receiver is not None:
                stream.receiver.on_reset(frames.CONNECTION_LOST, untouched=False)

    def reset(self, stream: Stream, code: int) -> None:
        """Ends a stream of either side now."""
        if self._forget(stream):
            self.write(frames.rst_stream(stream.number, code))

    def enlarge(self, stream: Stream, size: int) -> None:
        """Lets the peer send more on one stream."""
        stream.receive_window += size
        self.write(frames.window_update(stream.number, size))

    def go_away(self, last: int, code: int = frames.NO_ERROR, message: str = "") -> None:
        """Tells the peer that no streams above `last` are served, which never grows again."""
        self._last_promised = min(self._last_promised, last)
        self.write(frames.goaway(self._last_promised, code, message.encode()[:200]))

    def sent_end(self, stream: Stream) -> None:
        """Our half of the stream is over."""
        stream.ended_here = True
        if stream.ended_there:
            self._forget(stream)

    def _forget(self, stream: Stream) -> bool:
        if self.streams.pop(stream.number, None) is None:
            return False
        stream.ended_here = stream.ended_there = True
        stream.waiting.clear()
        stream.waiting_trailers = None
        self.unqueue(stream)
        self._owner.on_slots()
        return True

    def _read(self, data: bytes) -> None:
        if self._rest is None:
            data = self._greeted(data)
            if self._rest is None:
                return
        if self._rest:
            data = self._rest + data
        position, size = 0, len(data)
        unpack, handlers = frames.HEAD.unpack_from, self._handlers
        while size - position >= frames.HEAD_SIZE:
            upper, lowest, kind, flags, number = unpack(data, position)
            length = upper << 8 | lowest
            if length > frames.DEFAULT_FRAME_SIZE:
                raise ConnectionFault(frames.FRAME_SIZE_ERROR, f"a frame of {length} octets")
            start = position + frames.HEAD_SIZE
            if size - start < length:
                break
            position = start + length
            if self._open_block is not None and kind != frames.CONTINUATION:
                raise ConnectionFault(frames.PROTOCOL_ERROR, "a header block was interrupted")
            handler = handlers.get(kind)
            if handler is not None:
                try:
                    handler(flags, number & frames.LARGEST_STREAM_ID, data[start:position])
                except StreamFault as fault:
                    self._reset_faulty(number & frames.LARGEST_STREAM_ID, fault.code)
            elif not self.introduced:
                raise ConnectionFault(frames.PROTOCOL_ERROR, "something before the settings")
            else:  # an extension of the protocol
                self._count_chatter()
        self._rest = data[position:]

    def _greeted(self, data: bytes) -> bytes:
        """Compares the client's first words; returns what follows them."""
        said = self._preface + data
        if not said.startswith(frames.PREFACE[: len(said)]):
            raise ConnectionFault(frames.PROTOCOL_ERROR, "not an HTTP/2 client")
        if len(said) < len(frames.PREFACE):
            self._preface = said
            return b""
        self._rest = b""
        return said[len(frames.PREFACE) :]

    def _reset_faulty(self, number: int, code: int) -> None:
        stream = self.streams.get(number)
        if stream is None:
            self.write(frames.rst_stream(number, code))
            return
        self.reset(stream, code)
        if stream.receiver is not None:
            stream.receiver.on_reset(code, untouched=False)

    def _on_data(self, flags: int, number: int, payload: bytes) -> None:
        size = len(payload)
        self._window -= size
        if self._window < 0:
            raise ConnectionFault(frames.FLOW_CONTROL_ERROR, "more data than agreed")
        self._owed += size
        if self._owed >= CONNECTION_WINDOW // 2:
            self.write(frames.window_update(0, self._owed))
            self._window += self._owed
            self._owed = 0
        stream = self.streams.get(number)
        if stream is None:
            self._check_past(number)
            self._count_chatter()
            return
        if stream.ended_there:
            raise StreamFault(frames.STREAM_CLOSED, "data after the end")
        stream.receive_window -= size
        if stream.receive_window < 0:
            raise StreamFault(frames.FLOW_CONTROL_ERROR, "more data than agreed")
        end = bool(flags & frames.END_STREAM)
        body = unpadded(payload) if flags & frames.PADDED else payload
        if body or end:
            self._chatter = 0
        else:
            self._count_chatter()
        if end:
            self._ended_there(stream)
        elif len(body) < size:
            stream.credit(size - len(body))
        assert stream.receiver is not None
        stream.receiver.on_data(body, end)

    def _check_past(self, number: int) -> None:
        """A frame for a stream that is over is late; for one that never was it is an error."""
        ours = (number & 1) == self._client
        if number == 0 or number >= (self._next_number if ours else self.last_peer_stream + 1):
            raise ConnectionFault(frames.PROTOCOL_ERROR, f"stream {number} was never opened")

    def _ended_there(self, stream: Stream) -> None:
        stream.ended_there = True
        if stream.ended_here:
            self._forget(stream)

    def _on_headers(self, flags: int, number: int, payload: bytes) -> None:
        if flags & frames.PADDED:
            payload = unpadded(payload)
        if flags & frames.WITH_PRIORITY:
            if len(payload) < 5:
                raise ConnectionFault(frames.FRAME_SIZE_ERROR, "a torn priority")
            payload = payload[5:]
        stream = self.streams.get(number)
        if stream is None:
            stream = self._opened_by_peer(number)
        elif stream.ended_there:
            raise ConnectionFault(frames.STREAM_CLOSED, "headers after the end")
        end = bool(flags & frames.END_STREAM)
        if flags & frames.END_HEADERS:
            self._headers_read(stream, end, payload)
        else:
            self._open_block = (number, stream, end, bytearray(payload))

    def _opened_by_peer(self, number: int) -> Stream | None:
        """The new stream, or None when its headers are read only to keep the tables alike."""
        if self._client or number <= self.last_peer_stream:
            self._check_past(number)
            self._count_chatter()
            return None
        if number % 2 == 0:
            raise ConnectionFault(frames.PROTOCOL_ERROR, "clients open odd streams")
        self.last_peer_stream = number
        if self.closing or len(self.streams) >= self._max_streams or not self._owner.takes_more():
            self.write(frames.rst_stream(number, frames.REFUSED_STREAM))
            self._count_chatter()
            return None
        return Stream(self, number, self.peer_stream_window, STREAM_WINDOW)

    def _headers_read(self, stream: Stream | None, end: bool, block: bytes) -> None:
        headers = self._decoder.decode(block)
        if stream is None:
            return
        self._chatter = 0
        if stream.receiver is None:
            self.streams[stream.number] = stream
            self._owner.on_stream(stream)
        if end:
            self._ended_there(stream)
        assert stream.receiver is not None
        stream.receiver.on_headers(headers, end)

    def _on_continuation(self, flags: int, number: int, payload: bytes) -> None:
        if self._open_block is None:
            raise ConnectionFault(frames.PROTOCOL_ERROR, "a continuation of nothing")
        expected, stream, end, block = self._open_block
        if number != expected:
            raise ConnectionFault(frames.PROTOCOL_ERROR, "a header block was interrupted")
        block += payload
        if len(block) > MAX_LIST_SIZE:
            raise ConnectionFault(frames.ENHANCE_YOUR_CALM, "the headers are too large")
        self._count_chatter()
        if flags & frames.END_HEADERS:
            self._open_block = None
            self._headers_read(stream, end, bytes(block))

    def _on_priority(self, flags: int, number: int, payload: bytes) -> None:
        """Obsolete, and heeded by nobody."""
        if number == 0:
            raise ConnectionFault(frames.PROTOCOL_ERROR, "a priority of no stream")
        self._count_chatter()
        if len(payload) != 5:
            raise StreamFault(frames.FRAME_SIZE_ERROR, "a torn priority")

    def _on_push(self, flags: int, number: int, payload: bytes) -> None:
        raise ConnectionFault(frames.PROTOCOL_ERROR, "a push that was not allowed")

    def _on_reset(self, flags: int, number: int, payload: bytes) -> None:
        of_size(payload, 4)
        self._count_chatter()
        stream = self.streams.get(number)
        if stream is None:
            self._check_past(number)
            return
        self._forget(stream)
        code = frames.read_uint32(payload)
        if stream.receiver is not None:
            stream.receiver.on_reset(code, untouched=code == frames.REFUSED_STREAM)

    def _on_settings(self, flags: int, number: int, payload: bytes) -> None:
        for_connection(number)
        self._count_chatter()
        if flags & frames.ACK:
            of_size(payload, 0)
            return
        if not self.introduced:
            self.introduced = True
            self._handlers |= self._later_handlers
            if self._client:  # without a word of it there is no limit
                self.peer_max_streams = frames.LARGEST_STREAM_ID
        for name, value in settings.read(payload, from_server=self._client):
            if name == frames.INITIAL_WINDOW_SIZE:
                self.peer_window_changed(value, self.streams.values())
            elif name == frames.MAX_FRAME_SIZE:
                self.peer_frame_size = value
            elif name == frames.HEADER_TABLE_SIZE:
                self.encoder.limit(value)
            elif name == frames.MAX_CONCURRENT_STREAMS and self._client:
                self.peer_max_streams = value
        self.write(frames.head(0, frames.SETTINGS, frames.ACK, 0))
        self.resume()
        self._owner.on_slots()

    def _on_ping(self, flags: int, number: int, payload: bytes) -> None:
        for_connection(number)
        of_size(payload, 8)
        self._count_chatter()
        if flags & frames.ACK:
            self._owner.on_pong(payload)
            return
        self.write(frames.ping(payload, ack=True))

    def _on_goaway(self, flags: int, number: int, payload: bytes) -> None:
        for_connection(number)
        if len(payload) < 8:
            raise ConnectionFault(frames.FRAME_SIZE_ERROR, "a torn farewell")
        self._count_chatter()
        last, code, message = frames.read_goaway(payload)
        self.closing = True
        for stream in [each for each in self.streams.values() if each.number > last and self._client]:
            self._forget(stream)
            if stream.receiver is not None:
                stream.receiver.on_reset(frames.REFUSED_STREAM, untouched=True)
        self._owner.on_goaway(last, code, message.decode("utf-8", "replace")[:200])

    def _on_window_update(self, flags: int, number: int, payload: bytes) -> None:
        of_size(payload, 4)
        self._count_chatter()
        increment = frames.read_uint32(payload) & frames.LARGEST_WINDOW
        if number == 0:
            self.peer_connection_grew(increment)
            return
        stream = self.streams.get(number)
        if stream is None:
            self._check_past(number)
        else:
            self.peer_stream_grew(stream, increment)

    def _count_chatter(self) -> None:
        self._chatter += 1
        if self._chatter > _MAX_IDLE_CHATTER:
            raise ConnectionFault(frames.ENHANCE_YOUR_CALM, "too many frames that carry nothing")
