"""Servers on raw sockets that do not do as they should, against our client."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import pytest

from meshkit.http2 import frames
from meshkit.http2.headers import literals
from meshkit.rpc import wiring
from meshkit.rpc.retrying import RetryPolicy
from services._platform.python.tests.http2.pair import data, frame
from services._platform.python.tests.rpc.echoes import QUICK, Caller, calling

FIRST = literals([(":status", "200"), ("content-type", "application/grpc")])
OK = literals([("grpc-status", "0")])
Behaviour = Callable[["Session"], Awaitable[None]]


class Session:
    """One connection of a server that a test plays."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader = reader
        self.writer = writer
        self.requests = 0

    async def next_request(self) -> int:
        """The number of the next stream; the health service is answered with UNIMPLEMENTED on the way."""
        while True:
            head = await self.reader.readexactly(frames.HEAD_SIZE)
            upper, lowest, kind, _, number = frames.HEAD.unpack(head)
            payload = await self.reader.readexactly(upper << 8 | lowest)
            if kind != frames.HEADERS:
                continue
            if number == 1:
                self.send(number, FIRST, literals([("grpc-status", "12")]))
            else:
                assert payload
                self.requests += 1
                return int(number)

    def send(self, number: int, first: bytes, last: bytes, body: bytes = b"") -> None:
        """An answer."""
        self.writer.write(frame(frames.HEADERS, 0x4, number, first))
        if body:
            self.writer.write(data(number, body))
        self.writer.write(frame(frames.HEADERS, 0x5, number, last))


class Played:
    """A server that behaves as a test says."""

    def __init__(self, behaviour: Behaviour, *, hello: bytes = frames.settings({})) -> None:
        self._behaviour = behaviour
        self._hello = hello
        self.sessions: list[Session] = []

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One connection."""
        session = Session(reader, writer)
        self.sessions.append(session)
        try:
            writer.write(self._hello)
            if self._hello:
                await reader.readexactly(len(frames.PREFACE))
            await self._behaviour(session)
        except (asyncio.IncompleteReadError, ConnectionError):
            return  # the client has gone, which is the end of the play
        finally:
            writer.close()


@asynccontextmanager
async def played(
    behaviour: Behaviour, *, hello: bytes = frames.settings({})
) -> AsyncIterator[tuple[Played, Caller]]:
    """The server and a client of it that is quick to notice."""
    play = Played(behaviour, hello=hello)
    server = await asyncio.start_server(play.serve, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    try:
        async with calling(f"127.0.0.1:{port}", timing=QUICK) as caller:
            yield play, caller
    finally:
        server.close()
        for session in play.sessions:
            session.writer.close()
        await server.wait_closed()


async def read_on(session: Session) -> None:
    """Reads and says nothing."""
    while await session.reader.read(65_536):
        pass


async def hang_up(session: Session) -> None:
    """Closes."""


async def test_a_server_that_accepts_and_closes_fails_calls_fast() -> None:
    async with played(hang_up, hello=b"") as (play, caller):
        loop = asyncio.get_running_loop()
        started = loop.time()
        ended = await caller.failure(timeout_s=20.0)
        assert (ended.code, ended.sent) == (wiring.UNAVAILABLE, False)
        assert loop.time() - started < 5
        for _ in range(50):
            assert (await caller.failure()).sent is False
        assert len(play.sessions) < 10


@pytest.mark.parametrize("hello", [b"", frames.settings({})])
async def test_a_server_that_never_answers_is_given_up(hello: bytes) -> None:
    async with played(read_on, hello=hello) as (_, caller):
        ended = await caller.failure(timeout_s=0.2)
        assert (ended.code, ended.sent) == (wiring.DEADLINE_EXCEEDED, False)
        ended = await caller.failure(timeout_s=20.0)
        assert (ended.code, ended.sent) == (wiring.UNAVAILABLE, False)
        assert "does not answer" in ended.message


@pytest.mark.parametrize("garbage", [b"HTTP/1.1 400 Bad Request\r\n\r\n", b"\0" * 100, b"\xff" * 100])
async def test_garbage_fails_calls_fast(garbage: bytes) -> None:
    async with played(read_on, hello=garbage) as (_, caller):
        ended = await caller.failure(timeout_s=20.0)
        assert (ended.code, ended.sent) == (wiring.UNAVAILABLE, False)


async def test_garbage_in_the_midst_of_calls_fails_those_alone() -> None:
    async def garble(session: Session) -> None:
        number = await session.next_request()
        if len(play.sessions) == 1:
            session.writer.write(b"\xff" * 50)
            await read_on(session)
        while True:
            session.send(number, FIRST, OK, wiring.framed(b"fine"))
            number = await session.next_request()

    async with played(garble) as (play, caller):
        ended = await caller.failure(timeout_s=20.0)
        assert (ended.code, ended.sent) == (wiring.UNAVAILABLE, True)
        assert await caller.ask(timeout_s=20.0) == b"fine"


async def test_a_farewell_at_once_is_no_reason_to_hurry() -> None:
    async def leave(session: Session) -> None:
        session.writer.write(frames.goaway(0, frames.NO_ERROR))
        await read_on(session)

    async with played(leave) as (play, caller):
        ended = await caller.failure(timeout_s=20.0)
        assert (ended.code, ended.sent) == (wiring.UNAVAILABLE, False)
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.5):
                while True:
                    await caller.failure(timeout_s=0.3)
                    await asyncio.sleep(0)
        assert len(play.sessions) < 10


async def test_a_farewell_as_soon_as_it_is_ready_is_none_either() -> None:
    async def leave(session: Session) -> None:
        number = await session.next_request()
        session.writer.write(frames.goaway(number - 2, frames.NO_ERROR))
        await read_on(session)

    async with played(leave) as (play, caller):
        ended = await caller.failure(timeout_s=20.0)
        assert (ended.code, ended.sent) == (wiring.UNAVAILABLE, False)
        assert sum(session.requests for session in play.sessions) <= 3


async def test_a_server_that_refuses_everything_is_asked_a_few_times() -> None:
    async def refuse(session: Session) -> None:
        while True:
            session.writer.write(frames.rst_stream(await session.next_request(), frames.REFUSED_STREAM))

    async with played(refuse) as (play, caller):
        ended = await caller.failure(timeout_s=20.0)
        assert (ended.code, ended.sent) == (wiring.UNAVAILABLE, False)
        assert play.sessions[0].requests == 3
        policy = RetryPolicy(3, 0.01, 0.01, 1.0, frozenset({wiring.UNAVAILABLE}))
        await caller.failure(timeout_s=20.0, policy=policy)
        assert play.sessions[0].requests == 3 + 3 + 2
        assert caller.retries == 2


@pytest.mark.parametrize(
    ("code", "status"),
    [
        (frames.NO_ERROR, wiring.INTERNAL),
        (frames.INTERNAL_ERROR, wiring.INTERNAL),
        (frames.CANCEL, wiring.CANCELLED),
        (frames.ENHANCE_YOUR_CALM, wiring.RESOURCE_EXHAUSTED),
        (frames.INADEQUATE_SECURITY, wiring.PERMISSION_DENIED),
        (0xABCD, wiring.INTERNAL),
    ],
)
async def test_resets_become_statuses(code: int, status: int) -> None:
    async def reset(session: Session) -> None:
        while True:
            session.writer.write(frames.rst_stream(await session.next_request(), code))

    async with played(reset) as (_, caller):
        ended = await caller.failure(timeout_s=20.0)
        assert (ended.code, ended.sent, ended.begun) == (status, True, False)


HTML = literals([(":status", "503"), ("content-type", "text/html")])


@pytest.mark.parametrize(
    ("first", "body", "last", "status"),
    [
        (FIRST, b"", OK, wiring.INTERNAL),
        (FIRST, wiring.framed(b"a") * 2, OK, wiring.INTERNAL),
        (FIRST, wiring.framed(b"abc")[:-1], OK, wiring.INTERNAL),
        (FIRST, b"\1" + wiring.framed(b"abc")[1:], OK, wiring.UNIMPLEMENTED),
        (FIRST, wiring.framed(b"abc"), literals([("grpc-status", "x")]), wiring.UNKNOWN),
        (FIRST, wiring.framed(b"abc"), literals([("some", "thing")]), wiring.UNKNOWN),
        (HTML, b"<html>", literals([("a", "b")]), wiring.UNAVAILABLE),
        (literals([(":status", "200"), ("content-type", "text/html")]), b"<html>", OK, wiring.UNKNOWN),
        (literals([(":status", "404")]), b"", OK, wiring.UNIMPLEMENTED),
    ],
)
async def test_answers_that_are_none(first: bytes, body: bytes, last: bytes, status: int) -> None:
    async def answer(session: Session) -> None:
        while True:
            session.send(await session.next_request(), first, last, body)

    async with played(answer) as (play, caller):
        ended = await caller.failure(timeout_s=20.0)
        assert (ended.code, ended.sent) == (status, True)
        (connection,) = caller.balancer._ready
        assert connection.connection.streams == {}
        assert len(play.sessions) == 1


async def test_an_answer_that_ends_without_trailers() -> None:
    async def answer(session: Session) -> None:
        number = await session.next_request()
        session.writer.write(
            frame(frames.HEADERS, 0x4, number, FIRST) + data(number, wiring.framed(b"a"), end=True)
        )
        await read_on(session)

    async with played(answer) as (_, caller):
        assert (await caller.failure(timeout_s=20.0)).code == wiring.INTERNAL


async def test_an_early_answer_to_a_long_question_leaves_no_stream() -> None:
    async def answer(session: Session) -> None:
        session.send(await session.next_request(), FIRST, OK, wiring.framed(b"enough"))
        await read_on(session)

    async with played(answer) as (_, caller):
        assert await caller.ask(payload=bytes(2**20), timeout_s=20.0) == b"enough"
        (connection,) = caller.balancer._ready
        assert connection.connection.streams == {}


async def test_keepalive_finds_a_server_that_has_stopped_to_answer() -> None:
    async def pause(session: Session) -> None:
        await session.next_request()
        await asyncio.get_running_loop().create_future()

    async with played(pause) as (_, caller):
        loop = asyncio.get_running_loop()
        started = loop.time()
        ended = await caller.failure(timeout_s=60.0)
        assert (ended.code, ended.sent) == (wiring.UNAVAILABLE, True)
        assert loop.time() - started < 10


async def test_keepalive_leaves_a_slow_server_alone_that_answers_pings() -> None:
    async def slow(session: Session) -> None:
        number, pings = await session.next_request(), 0
        while pings < 4:
            upper, lowest, kind, flags, _ = frames.HEAD.unpack(
                await session.reader.readexactly(frames.HEAD_SIZE)
            )
            payload = await session.reader.readexactly(upper << 8 | lowest)
            if kind == frames.PING and not flags:
                pings += 1
                session.writer.write(frames.ping(payload, ack=True))
        session.send(number, FIRST, OK, wiring.framed(b"at last"))
        await read_on(session)

    async with played(slow) as (_, caller):
        assert await caller.ask(timeout_s=60.0) == b"at last"


async def test_a_limit_of_no_streams_at_all_holds_calls_until_their_deadline() -> None:
    hello = frames.settings({frames.MAX_CONCURRENT_STREAMS: 0})
    async with played(read_on, hello=hello) as (_, caller):
        ended = await caller.failure(timeout_s=0.3)
        assert (ended.code, ended.sent) == (wiring.DEADLINE_EXCEEDED, False)


async def test_metadata_that_cannot_be_sent_harms_nobody_else() -> None:
    async def answer(session: Session) -> None:
        while True:
            session.send(await session.next_request(), FIRST, OK, wiring.framed(b"fine"))

    async with played(answer) as (_, caller):
        assert await caller.ask() == b"fine"
        with pytest.raises(ValueError, match="control"):
            await caller.ask(metadata=(("key", "two\nlines"),))
        assert await caller.ask() == b"fine"
        (connection,) = caller.balancer._ready
        assert connection.connection.streams == {}
