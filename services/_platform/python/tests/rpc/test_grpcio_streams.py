"""Server streams to grpcio's client: whole, slow readers' memory, cancellation."""

from __future__ import annotations

import asyncio
from typing import Any

import grpc.aio
import pytest

from meshkit.rpc.serving import RpcServer, ServingConnection
from meshkit.testing import eventually
from services._platform.python.tests.rpc.echoes import COUNT, Echo, serving

PIECE = 32 * 1024


def held(server: RpcServer) -> int:
    """Octets that the server keeps for its clients."""
    return sum(map(_held, server._peers))


def _held(peer: ServingConnection) -> int:
    waiting = sum(len(stream.waiting) for stream in peer.connection.streams.values())
    assert peer._transport is not None
    return waiting + peer._transport.get_write_buffer_size()


async def test_a_long_stream_arrives_whole() -> None:
    async with serving(Echo()) as (_, address), grpc.aio.insecure_channel(address) as channel:
        call = channel.unary_stream(COUNT)(b"5000 10", timeout=60)
        numbers = [int(message) async for message in call]
        assert numbers == list(range(5000))


async def test_a_reader_that_stops_stops_the_handler_and_costs_little() -> None:
    echo = Echo()
    async with serving(echo) as (server, address), grpc.aio.insecure_channel(address) as channel:
        call = channel.unary_stream(COUNT)(f"10000 {PIECE}".encode(), timeout=60)
        await call.read()
        last = -1

        async def at_rest() -> bool:
            nonlocal last
            before, last = last, echo.sent
            return before == last

        await eventually(at_rest, interval_s=0.2, deadline_s=20)
        assert echo.sent < 2_000
        assert held(server) < 2**20
        for _ in range(last):  # grpcio has opened its window by up to 16 MB
            await call.read()
        await eventually(lambda: echo.sent > last, deadline_s=20)
        assert held(server) < 2**20
        call.cancel()
        await eventually(lambda: not server_streams(server))


def server_streams(server: RpcServer) -> int:
    """Streams that are open on the server's side."""
    return sum(len(peer.connection.streams) for peer in server._peers)


async def test_several_questions_on_one_stream() -> None:
    async with serving(Echo()) as (_, address), grpc.aio.insecure_channel(address) as channel:
        call = channel.stream_stream(COUNT)(timeout=20)
        await call.write(b"2 1")
        assert [await call.read(), await call.read()] == [b"0", b"1"]
        await call.write(b"1 1")
        assert await call.read() == b"0"
        await call.done_writing()
        assert await call.read() is grpc.aio.EOF


async def test_questions_that_nobody_reads_are_held_back() -> None:
    release, entered = asyncio.Event(), asyncio.Event()

    class Patient(Echo):
        async def _count(self, call: Any) -> Any:
            entered.set()
            await release.wait()
            return await super()._count(call)

    echo = Patient()
    async with serving(echo) as (server, address), grpc.aio.insecure_channel(address) as channel:
        call = channel.stream_stream(COUNT)(timeout=60)
        question = b"1 1".ljust(100_000)
        written = 0

        async def write() -> None:
            nonlocal written
            for _ in range(200):
                await call.write(question)
                written += 1

        writing = asyncio.create_task(write())
        await entered.wait()
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(asyncio.shield(writing), 1.0)
        (peer,) = server._peers
        (incoming,) = peer._calls
        assert incoming._inbox is not None
        assert incoming._inbox.qsize() < 20
        release.set()
        for _ in range(200):
            assert await call.read() == b"0"
        await writing
        await call.done_writing()
        assert await call.read() is grpc.aio.EOF
