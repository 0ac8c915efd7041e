"""Two connections fed into each other, and one that is fed by hand."""

from __future__ import annotations

from collections.abc import Callable

from meshkit.http2 import frames
from meshkit.http2.connection import Connection
from meshkit.http2.errors import ConnectionFault
from meshkit.http2.headers import Pairs, literals
from meshkit.http2.stream import Stream

REQUEST: Pairs = [(":method", "POST"), (":path", "/a/B")]
ANSWER: Pairs = [(":status", "200")]


class Recorder:
    """Keeps what its stream tells, and pays for data at once unless told otherwise."""

    def __init__(self, stream: Stream, *, pays: bool = True) -> None:
        self.stream = stream
        self.pays = pays
        self.headers: list[Pairs] = []
        self.body = bytearray()
        self.ended = False
        self.drained = 0
        self.resets: list[tuple[int, bool]] = []

    def on_headers(self, headers: Pairs, end: bool) -> None:
        self.headers.append(headers)
        self.ended = self.ended or end

    def on_data(self, data: bytes, end: bool) -> None:
        self.body += data
        self.ended = self.ended or end
        if self.pays and not end:
            self.stream.credit(len(data))

    def on_reset(self, code: int, *, untouched: bool) -> None:
        self.resets.append((code, untouched))

    def on_drained(self) -> None:
        self.drained += 1


class Side:
    """A holder of a connection that keeps what it is told."""

    def __init__(self, *, client: bool, max_streams: int = 1_000) -> None:
        self.taken: list[Recorder] = []
        self.goaways: list[tuple[int, int, str]] = []
        self.pongs: list[bytes] = []
        self.slots = 0
        self.pays = True
        self.welcomes = True
        self.connection = Connection(self, client=client, wake=lambda: None, max_streams=max_streams)
        self.connection.begin()

    def takes_more(self) -> bool:
        return self.welcomes

    def on_stream(self, stream: Stream) -> None:
        recorder = Recorder(stream, pays=self.pays)
        stream.receiver = recorder
        self.taken.append(recorder)

    def on_goaway(self, last: int, code: int, message: str) -> None:
        self.goaways.append((last, code, message))

    def on_pong(self, payload: bytes) -> None:
        self.pongs.append(payload)

    def on_slots(self) -> None:
        self.slots += 1

    def call(self, body: bytes = b"", *, end: bool = True) -> Recorder:
        """Begins a request."""
        stream = self.connection.open_stream()
        stream.receiver = recorder = Recorder(stream, pays=self.pays)
        stream.headers(literals(REQUEST))
        stream.data(body, end=end)
        return recorder


Chunks = Callable[[], int]


class Pair:
    """A client and a server; `settle` carries all between them until neither has anything to say."""

    def __init__(self, chunks: Chunks = lambda: 2**20, *, max_streams: int = 1_000) -> None:
        self._chunks = chunks
        self.client = Side(client=True)
        self.server = Side(client=False, max_streams=max_streams)

    def settle(self) -> None:
        quiet = False
        while not quiet:
            upward = self._carry(self.client, self.server)
            quiet = not self._carry(self.server, self.client) and not upward

    def _carry(self, sender: Side, receiver: Side) -> int:
        data = sender.connection.take()
        position = 0
        while position < len(data):
            size = self._chunks()
            receiver.connection.feed(data[position : position + size])
            position += size
        return len(data)


class ByHand:
    """One side, already introduced, to which a test says what it likes."""

    def __init__(self, *, client: bool = False, max_streams: int = 1_000) -> None:
        self.side = Side(client=client, max_streams=max_streams)
        self.connection = self.side.connection
        self.connection.feed((b"" if client else frames.PREFACE) + frames.settings({}))
        self.connection.take()

    def say(self, *said: bytes) -> list[tuple[int, int, int, bytes]]:
        """Feeds it; returns the frames that it answers."""
        for each in said:
            self.connection.feed(each)
        return read_frames(self.connection.take())

    def fault(self, *said: bytes) -> int:
        """Feeds it what it must not take; the code with which it says goodbye."""
        try:
            self.say(*said)
        except ConnectionFault as fault:
            kind, _, _, payload = read_frames(self.connection.take())[-1]
            assert kind == frames.GOAWAY
            assert frames.read_goaway(payload)[1] == fault.code
            return fault.code
        raise AssertionError("it went along with that")


def read_frames(data: bytes) -> list[tuple[int, int, int, bytes]]:
    """Kind, flags, stream and payload of each frame."""
    found, position = [], 0
    while position < len(data):
        upper, lowest, kind, flags, number = frames.HEAD.unpack_from(data, position)
        position += frames.HEAD_SIZE + (upper << 8 | lowest)
        found.append((kind, flags, number, data[position - (upper << 8 | lowest) : position]))
    return found


def frame(kind: int, flags: int, number: int, payload: bytes = b"") -> bytes:
    """Any frame."""
    return frames.head(len(payload), kind, flags, number) + payload


def request(number: int, *, end: bool = True, more: bytes = b"") -> bytes:
    """A request's headers."""
    flags = frames.END_HEADERS | (frames.END_STREAM if end else 0)
    return frame(frames.HEADERS, flags, number, literals(REQUEST) + more)


def data(number: int, body: bytes, *, end: bool = False) -> bytes:
    """A piece of a body."""
    return frame(frames.DATA, frames.END_STREAM if end else 0, number, body)
