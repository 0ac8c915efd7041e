"""Our client and grpcio's server, which has no health service."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import grpc
import pytest

from meshkit.rpc import wiring
from meshkit.testing import eventually
from services._platform.python.tests.rpc.echoes import (
    COUNT,
    DETAILS,
    ECHO,
    FAIL,
    HANG,
    MAKE,
    MESSAGE,
    QUICK,
    Caller,
    calling,
    grpc_serving,
)


@pytest.fixture
async def caller() -> AsyncIterator[Caller]:
    async with grpc_serving() as (_, address), calling(address) as opened:
        yield opened


async def test_a_call_and_its_metadata(caller: Caller) -> None:
    response, initial = await caller.client.unary(ECHO, b"hi", [("extra", "given")], 20.0, None)
    assert response == b"hi"
    assert (initial["extra"], wiring.binary_value(initial["some-bin"])) == ("given", b"\0\1")


@pytest.mark.parametrize("code", [each.value[0] for each in grpc.StatusCode if each.value[0]])
async def test_every_status_with_its_message_and_details(caller: Caller, code: int) -> None:
    ended = await caller.failure(FAIL, str(code).encode())
    assert (ended.code, ended.message, ended.sent) == (code, MESSAGE, True)
    assert wiring.binary_value(ended.trailers["grpc-status-details-bin"]) == DETAILS


async def test_a_deadline_ends_the_call(caller: Caller) -> None:
    ended = await caller.failure(HANG, timeout_s=0.3)
    assert (ended.code, ended.sent) == (wiring.DEADLINE_EXCEEDED, True)
    assert await caller.ask() == b"hi"


async def test_a_cancelled_call_leaves_the_connection_usable(caller: Caller) -> None:
    task = asyncio.create_task(caller.ask(HANG))
    await caller.ask()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert await caller.ask() == b"hi"


async def test_large_messages_both_ways(caller: Caller) -> None:
    question = bytes(range(256)) * (3 * 2**12)
    assert await caller.ask(ECHO, question) == question


async def test_answers_beyond_the_limit_are_refused_and_the_connection_goes_on(caller: Caller) -> None:
    ended = await caller.failure(MAKE, str(4 * 2**20 + 1).encode())
    assert ended.code == wiring.RESOURCE_EXHAUSTED
    assert len(await caller.ask(MAKE, str(4 * 2**20).encode())) == 4 * 2**20


async def test_questions_beyond_the_servers_limit(caller: Caller) -> None:
    ended = await caller.failure(ECHO, bytes(5 * 2**20))
    assert ended.code == wiring.RESOURCE_EXHAUSTED
    assert await caller.ask() == b"hi"
    assert await caller.ask() == b"hi"


async def test_unknown_methods(caller: Caller) -> None:
    assert (await caller.failure("/test.Echo/Nothing")).code == wiring.UNIMPLEMENTED


async def test_two_thousand_calls_at_once() -> None:
    patience = (
        ("grpc.server.max_pending_requests", 5_000),
        ("grpc.server.max_pending_requests_hard_limit", 5_000),
    )
    async with grpc_serving(*patience) as (_, address), calling(address) as caller:
        questions = [str(number).encode() for number in range(2_000)]
        answers = await asyncio.gather(*(caller.ask(ECHO, each, timeout_s=60.0) for each in questions))
        assert answers == questions


async def test_streams_whole_slowly_and_left_alone(caller: Caller) -> None:
    call = await caller.client.stream(COUNT, b"300 10000", (), 60.0)
    await asyncio.gather(*(caller.ask() for _ in range(20)))
    numbers = []
    while (message := await call.next()) is not None:
        numbers.append(int(message))
    assert numbers == list(range(300))
    assert call.ended is not None
    assert call.ended.code == wiring.OK
    left = await caller.client.stream(COUNT, b"100000 10000", (), 60.0)
    await left.next()
    assert left._backlog < 2**20
    left.cancel()
    assert await caller.ask() == b"hi"


async def test_more_calls_than_the_server_takes_at_once_wait_for_each_other() -> None:
    async with grpc_serving(("grpc.max_concurrent_streams", 4)) as (_, address), calling(address) as caller:
        answers = await asyncio.gather(*(caller.ask(MAKE, b"3") for _ in range(200)))
        assert answers == [bytes(3)] * 200


async def test_no_call_fails_while_connections_age_under_load() -> None:
    ages = (("grpc.max_connection_age_ms", 300), ("grpc.max_connection_age_grace_ms", 5_000))
    async with grpc_serving(*ages) as (_, address), calling(address) as caller:
        loop = asyncio.get_running_loop()
        until, answered = loop.time() + 3.0, 0

        async def work() -> None:
            nonlocal answered
            while loop.time() < until:
                await caller.ask()
                answered += 1

        await asyncio.gather(*(work() for _ in range(16)))
        assert answered > 100


async def test_a_server_that_dies_and_comes_back() -> None:
    async with grpc_serving() as (server, address), calling(address, timing=QUICK) as caller:
        await caller.ask()
        under_way = asyncio.create_task(caller.failure(HANG))
        await caller.ask()
        await server.stop(0)
        ended = await under_way
        assert ended.sent
        assert ended.code in {wiring.UNAVAILABLE, wiring.CANCELLED}
        ended = await caller.failure(timeout_s=5.0)
        assert (ended.code, ended.sent) == (wiring.UNAVAILABLE, False)
        async with grpc_serving(port=int(address.rpartition(":")[2])):
            await eventually(lambda: caller.balancer.pick() is not None, deadline_s=20)
            assert await caller.ask() == b"hi"


async def test_a_server_that_minds_our_pings_is_asked_half_as_often() -> None:
    options = (("grpc.http2.max_ping_strikes", 1), ("grpc.http2.min_ping_interval_without_data_ms", 60_000))
    async with grpc_serving(*options) as (_, address), calling(address, timing=QUICK) as caller:
        await caller.ask()
        (subchannel,) = caller.balancer._subchannels.values()
        ended = await caller.failure(HANG, timeout_s=10.0)
        assert ended.code in {wiring.UNAVAILABLE, wiring.CANCELLED}
        await caller.ask()
        assert subchannel._timing.keepalive_s == 2 * QUICK.keepalive_s
