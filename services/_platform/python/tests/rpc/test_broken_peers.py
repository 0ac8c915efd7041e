"""Peers on raw sockets that do not do as they should, against our server."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from meshkit.http2 import frames
from meshkit.http2.headers import literals
from meshkit.rpc import serving as serving_module
from meshkit.rpc import transport as transport_module
from meshkit.rpc import wiring
from meshkit.rpc.handling import Incoming, Status
from meshkit.rpc.serving import RpcServer, ServingConnection
from meshkit.testing import eventually
from services._platform.python.tests.http2.pair import data, frame, read_frames
from services._platform.python.tests.rpc.echoes import COUNT, ECHO, HANG, MAKE, Echo, as_pair, serving

HELLO = frames.PREFACE + frames.settings({})


def request(number: int, path: str, payload: bytes, *more: tuple[str, str]) -> bytes:
    """A whole call."""
    pairs = [(":method", "POST"), (":scheme", "http"), (":path", path), ("content-type", "application/grpc")]
    block = literals([*pairs, *more])
    return frame(frames.HEADERS, 0x4, number, block) + data(number, wiring.framed(payload), end=True)


class Peer:
    """A socket with somebody strange behind it."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader = reader
        self.writer = writer

    async def say(self, *said: bytes) -> None:
        self.writer.write(b"".join(said))
        await self.writer.drain()

    async def rest(self) -> bytes:
        """All until the server closes."""
        async with asyncio.timeout(20):
            return await self.reader.read()

    async def until(self, kind: int, number: int) -> bytes:
        """The payload of the first such frame."""
        async with asyncio.timeout(20):
            while True:
                head = await self.reader.readexactly(frames.HEAD_SIZE)
                upper, lowest, found, _, stream = frames.HEAD.unpack(head)
                payload = await self.reader.readexactly(upper << 8 | lowest)
                if (found, stream) == (kind, number):
                    return payload


@asynccontextmanager
async def peer(address: str, *said: bytes) -> AsyncIterator[Peer]:
    reader, writer = await asyncio.open_connection(*as_pair(address), limit=2**16)
    strange = Peer(reader, writer)
    try:
        await strange.say(*said)
        yield strange
    finally:
        writer.close()


def parted(said: bytes) -> int:
    """The code of the farewell among frames."""
    return next(frames.read_goaway(each[3])[1] for each in read_frames(said) if each[0] == frames.GOAWAY)


@pytest.mark.parametrize(
    "said", [b"\0" * 100, b"GET / HTTP/1.1\r\nhost: a\r\n\r\n", b"PRI * HTTP/2.0\r\n\r\nXX\r\n\r\n"]
)
async def test_whoever_speaks_something_else_is_told_and_left(said: bytes) -> None:
    async with serving(Echo()) as (server, address), peer(address, said) as strange:
        assert parted(await strange.rest()) == frames.PROTOCOL_ERROR
        await eventually(lambda: not server._peers)


@pytest.mark.parametrize("cut", [3, 24, 30, 50])
async def test_half_of_what_was_to_be_said(cut: int) -> None:
    async with serving(Echo()) as (server, address):
        async with peer(address, (HELLO + request(1, ECHO, b"hi"))[:cut]):
            await eventually(lambda: len(server._peers) == 1)
        await eventually(lambda: not server._peers)


async def test_whoever_connects_and_says_nothing_is_left(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(serving_module, "_HELLO_S", 0.1)
    async with serving(Echo()) as (_, address), peer(address) as silent, peer(address, HELLO) as other:
        read_frames(await silent.rest())
        await other.say(request(1, ECHO, b"hi"))
        assert await other.until(frames.DATA, 1) == wiring.framed(b"hi")


async def test_an_upload_that_stops_ends_with_its_deadline() -> None:
    unfinished = request(1, ECHO, b"hi", ("grpc-timeout", "100m"))[:-4]
    async with serving(Echo()) as (server, address), peer(address, HELLO, unfinished):
        await eventually(lambda: [len(each._calls) for each in server._peers] == [1])
        await eventually(lambda: [len(each._calls) for each in server._peers] == [0])


async def test_a_storm_of_resets_leaves_nothing() -> None:
    echo = Echo()
    async with serving(echo) as (server, address), peer(address, HELLO) as strange:
        for start in range(1, 8_000, 1_000):
            storm = [
                request(number, HANG, b"") + frames.rst_stream(number, frames.CANCEL)
                for number in range(start, start + 1_000, 2)
            ]
            await strange.say(*storm)
        await strange.say(frames.ping(b"the end."))
        assert await strange.until(frames.PING, 0) == b"the end."
        (connection,) = server._peers
        await eventually(lambda: not connection._calls and not connection.connection.streams)
        await strange.say(request(30_001, ECHO, b"still here"))
        assert await strange.until(frames.DATA, 30_001) == wiring.framed(b"still here")
        assert echo.hanging == 0


async def test_calls_that_wind_up_slowly_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(serving_module, "_MOST_CALLS", 10)
    release = asyncio.Event()

    class Slow(Echo):
        async def _hang(self, call: Incoming, payload: bytes) -> tuple[bytes | None, Status]:
            self.hanging += 1
            try:
                return await super()._hang(call, payload)
            finally:
                await release.wait()

    echo = Slow()
    async with serving(echo) as (server, address), peer(address, HELLO) as strange:
        await strange.say(*[request(number, HANG, b"") for number in range(1, 21, 2)])
        await eventually(lambda: [len(each._calls) for each in server._peers] == [10])
        await strange.say(*[frames.rst_stream(number, 8) for number in range(1, 21, 2)])
        await strange.say(request(21, ECHO, b""))
        assert await strange.until(frames.RST_STREAM, 21) == frames.REFUSED_STREAM.to_bytes(4, "big")
        release.set()
        await eventually(lambda: [len(each._calls) for each in server._peers] == [0])
        await strange.say(request(23, ECHO, b"now"))
        assert await strange.until(frames.DATA, 23) == wiring.framed(b"now")


def kept(connection: ServingConnection) -> int:
    """Octets kept for a peer."""
    assert connection._transport is not None
    waiting = sum(len(stream.waiting) for stream in connection.connection.streams.values())
    return waiting + connection._transport.get_write_buffer_size()


async def unread(address: str) -> socket.socket:
    """A connection whose small buffers nobody empties."""
    raw = socket.socket()
    raw.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4_096)
    raw.setblocking(False)
    await asyncio.get_running_loop().sock_connect(raw, as_pair(address))
    return raw


WIDE = frames.settings({frames.INITIAL_WINDOW_SIZE: 2**30}) + frames.window_update(0, 2**30)


async def test_a_peer_that_reads_nothing_is_read_no_more() -> None:
    """With windows as wide as can be, only its socket bounds what it makes us keep."""
    async with serving(Echo()) as (server, address):
        raw = await unread(address)
        loop = asyncio.get_running_loop()
        await loop.sock_sendall(raw, HELLO + WIDE)

        async def ask() -> None:
            for number in range(1, 200_000, 2):
                await loop.sock_sendall(raw, request(number, MAKE, b"10000"))

        asking = asyncio.create_task(ask())
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(asking, 2.0)
        (connection,) = server._peers
        assert kept(connection) < 32 * 2**20
        before = kept(connection)
        started = loop.time()
        await server.stop(0.3)
        assert loop.time() - started < 5
        assert before > 0
        assert not server._peers
        raw.close()


async def test_a_stream_for_a_peer_that_reads_nothing_stops() -> None:
    echo = Echo()
    async with serving(echo) as (server, address):
        raw = await unread(address)
        await asyncio.get_running_loop().sock_sendall(raw, HELLO + WIDE + request(1, COUNT, b"100000 30000"))
        await eventually(lambda: echo.sent > 0)
        seen = 0

        def at_rest() -> bool:
            nonlocal seen
            before, seen = seen, echo.sent
            return before == seen

        await eventually(at_rest, interval_s=0.2, deadline_s=20)
        (connection,) = server._peers
        assert kept(connection) < 2**20
        raw.close()
        await eventually(lambda: not server._peers)


async def test_answers_nobody_takes_go_with_their_deadline() -> None:
    closed = frames.settings({frames.INITIAL_WINDOW_SIZE: 0})
    calls = [request(number, MAKE, b"1000000", ("grpc-timeout", "300m")) for number in (1, 3, 5)]
    async with serving(Echo()) as (server, address), peer(address, HELLO, closed, *calls) as strange:
        await eventually(lambda: sum(map(kept, server._peers)) > 3_000_000)
        await strange.until(frames.RST_STREAM, 5)
        (connection,) = server._peers
        await eventually(lambda: kept(connection) == 0)
        assert (connection.connection.streams, connection._calls) == ({}, set())


async def test_a_stuck_peer_does_not_outlive_its_age(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(serving_module, "AGE_GRACE_S", 0.1)
    monkeypatch.setattr(transport_module, "_LAST_WORDS_S", 0.1)
    async with serving(Echo(), max_age_s=0.2) as (server, address):
        raw = await unread(address)
        asked = request(1, COUNT, b"100000 30000")
        await asyncio.get_running_loop().sock_sendall(raw, HELLO + WIDE + asked)
        await eventually(lambda: len(server._peers) == 1)
        await eventually(lambda: not server._peers, deadline_s=10)
        raw.close()


async def test_a_drain_waits_for_calls_and_not_for_silence() -> None:
    server = RpcServer(Echo().handlers(), 0)
    address = f"127.0.0.1:{await server.start('127.0.0.1', 0)}"
    async with peer(address, HELLO) as idle, peer(address, HELLO + request(1, HANG, b"")) as busy:
        await eventually(lambda: sum(len(each._calls) for each in server._peers) == 1)
        loop = asyncio.get_running_loop()
        started = loop.time()
        await server.stop(0.5)
        assert 0.4 < loop.time() - started < 5
        for each in (idle, busy):
            farewells = [
                frames.read_goaway(part[3]) for part in read_frames(await each.rest()) if part[0] == 7
            ]
            assert farewells[0][0] == frames.LARGEST_STREAM_ID
            assert farewells[-1][0] < 2
    assert not server._peers


async def test_an_endless_storm_of_resets_ends_the_connection(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(serving_module, "_MOST_CALLS", 0)
    storm = [
        request(number, HANG, b"") + frames.rst_stream(number, frames.CANCEL)
        for number in range(1, 12_000, 2)
    ]
    async with serving(Echo()) as (server, address), peer(address, HELLO, *storm) as strange:
        with pytest.raises((ConnectionError, asyncio.IncompleteReadError)):
            await strange.until(frames.SETTINGS, 1)
        await eventually(lambda: not server._peers)
