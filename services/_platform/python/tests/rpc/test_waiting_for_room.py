"""More calls than a server takes at once: they wait, in turn, and nobody is forgotten."""

from __future__ import annotations

import asyncio

import pytest

from meshkit.http2 import frames
from meshkit.http2.connection import Connection
from meshkit.rpc import wiring
from meshkit.rpc.dialing import DialedConnection
from meshkit.testing import eventually
from services._platform.python.tests.rpc.echoes import ECHO, HANG, Caller, Echo, calling, serving


async def only(caller: Caller) -> DialedConnection:
    """The client's connection, once it is ready, on which no call fits any more."""
    await caller.ask()
    (connection,) = caller.balancer._ready
    connection.connection.peer_max_streams = len(connection.connection.streams)
    return connection


async def waiting(caller: Caller, connection: DialedConnection, calls: int) -> list[asyncio.Task[bytes]]:
    """Calls that wait for room."""
    before = len(connection._waiting)
    tasks = [asyncio.create_task(caller.ask(ECHO, str(number).encode())) for number in range(calls)]
    await eventually(lambda: len(connection._waiting) == before + calls)
    return tasks


def allow(connection: Connection, more: int) -> None:
    """The server's settings, that allow so many streams."""
    limit = len(connection.streams) + more
    connection.feed(frames.settings({frames.MAX_CONCURRENT_STREAMS: limit}))


async def test_all_who_fit_are_let_in_when_there_is_more_room() -> None:
    async with serving(Echo()) as (_, address), calling(address) as caller:
        connection = await only(caller)
        tasks = await waiting(caller, connection, 10)
        allow(connection.connection, 100)
        assert await asyncio.gather(*tasks) == [str(number).encode() for number in range(10)]


async def test_one_place_serves_all_in_turn() -> None:
    async with serving(Echo()) as (_, address), calling(address) as caller:
        connection = await only(caller)
        tasks = await waiting(caller, connection, 50)
        allow(connection.connection, 1)
        await asyncio.gather(*tasks)
        assert not connection._waiting


async def test_who_gives_up_passes_the_place_on() -> None:
    async with serving(Echo()) as (_, address), calling(address) as caller:
        connection = await only(caller)
        tasks = await waiting(caller, connection, 3)
        tasks[0].cancel()
        await asyncio.wait(tasks[:1])
        assert len(connection._waiting) == 2
        allow(connection.connection, 1)
        tasks[1].cancel()  # when it has been called up, and before it has heard of it
        assert await tasks[2] == b"2"
        with pytest.raises(asyncio.CancelledError):
            await tasks[1]


async def test_who_waits_too_long_leaves_nothing() -> None:
    async with serving(Echo()) as (_, address), calling(address) as caller:
        connection = await only(caller)
        for _ in range(3):
            ended = await asyncio.gather(*(caller.failure(timeout_s=0.05) for _ in range(20)))
            assert {each.code for each in ended} == {wiring.DEADLINE_EXCEEDED}
            assert not connection._waiting


async def test_new_calls_queue_behind_those_that_wait() -> None:
    async with serving(Echo()) as (_, address), calling(address) as caller:
        connection = await only(caller)
        tasks = await waiting(caller, connection, 2)
        connection.connection.peer_max_streams += 1
        assert caller.balancer.pick() is None
        late = asyncio.create_task(caller.ask(ECHO, b"late"))
        connection.on_slots()
        done, _ = await asyncio.wait([*tasks, late], return_when=asyncio.FIRST_COMPLETED)
        assert done == {tasks[0]}
        assert await late == b"late"


async def test_a_full_server_is_passed_over() -> None:
    full, idle = Echo(), Echo()
    async with (
        serving(full) as (_, first),
        serving(idle) as (_, second),
        calling(first, second) as caller,
    ):
        await caller.ask()
        await eventually(lambda: len(caller.balancer._ready) == 2)
        connection = caller.balancer._ready[0]
        connection.connection.peer_max_streams = len(connection.connection.streams)
        before = full.calls
        for _ in range(20):
            await caller.ask()
        assert full.calls == before


async def test_who_waits_for_a_server_that_leaves_goes_elsewhere() -> None:
    async with serving(Echo()) as (_, address), calling(address) as caller:
        connection = await only(caller)
        tasks = await waiting(caller, connection, 5)
        connection.connection.feed(frames.goaway(2**31 - 1, frames.NO_ERROR))
        assert len(await asyncio.gather(*tasks)) == 5
        assert caller.balancer._ready[0] is not connection


async def test_numbers_that_run_out_cost_no_call() -> None:
    async with serving(Echo()) as (_, address), calling(address) as caller:
        await caller.ask()
        (connection,) = caller.balancer._ready
        connection.connection._next_number = frames.LARGEST_STREAM_ID - 6
        for _ in range(10):
            await caller.ask()
        assert not connection.open
        await eventually(connection.closed.done)


async def test_a_connection_closes_when_its_last_call_has_ended() -> None:
    echo = Echo()
    async with serving(echo) as (server, address), calling(address) as caller:
        hanging = asyncio.create_task(caller.ask(HANG))
        await eventually(lambda: echo.hanging == 1)
        (connection,) = caller.balancer._ready
        connection.connection.feed(frames.goaway(2**31 - 1, frames.NO_ERROR))
        assert await caller.ask() == b"hi"
        assert not connection.closed.done()
        hanging.cancel()
        await eventually(connection.closed.done)
        assert len(server._peers) == 1
