"""grpcio's client and our server."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import grpc
import grpc.aio
import pytest

from meshkit.testing import eventually
from services._platform.python.tests.rpc.echoes import DETAILS, ECHO, FAIL, HANG, MAKE, MESSAGE, Echo, serving

LARGE = 3 * 2**20


@pytest.fixture
async def echo() -> Echo:
    return Echo()


@pytest.fixture
async def channel(echo: Echo) -> AsyncIterator[Any]:
    async with serving(echo) as (_, address), grpc.aio.insecure_channel(address) as opened:
        yield opened


async def failure(call: Any) -> Any:
    """The status of a call that must fail."""
    with pytest.raises(grpc.aio.AioRpcError) as raised:
        await call
    return raised.value


async def test_a_call_and_its_metadata(channel: Any, echo: Echo) -> None:
    call = channel.unary_unary(ECHO)(b"hi", metadata=(("extra", "given"), ("own-bin", b"\0\xff")), timeout=20)
    assert await call == b"hi"
    initial = dict(await call.initial_metadata())
    assert (initial["extra"], initial["some-bin"]) == ("given", b"\0\1")
    assert echo.seen[0]["own-bin"] == "AP8"
    assert await call.code() == grpc.StatusCode.OK


@pytest.mark.parametrize("code", [each for each in grpc.StatusCode if each is not grpc.StatusCode.OK])
async def test_every_status_with_its_message_and_details(channel: Any, code: grpc.StatusCode) -> None:
    error = await failure(channel.unary_unary(FAIL)(str(code.value[0]).encode(), timeout=20))
    assert (error.code(), error.details()) == (code, MESSAGE)
    assert dict(error.trailing_metadata())["grpc-status-details-bin"] == DETAILS


async def test_a_deadline_stops_the_handler(channel: Any, echo: Echo) -> None:
    error = await failure(channel.unary_unary(HANG)(b"", timeout=0.2))
    assert error.code() == grpc.StatusCode.DEADLINE_EXCEEDED
    await eventually(lambda: (echo.hanging, echo.cancelled) == (0, 1))


async def test_a_cancelled_call_stops_the_handler(channel: Any, echo: Echo) -> None:
    call = channel.unary_unary(HANG)(b"", timeout=20)
    await eventually(lambda: echo.hanging == 1)
    call.cancel()
    await eventually(lambda: (echo.hanging, echo.cancelled) == (0, 1))


async def test_a_client_that_goes_away_stops_its_handlers(echo: Echo) -> None:
    async with serving(echo) as (_, address):
        channel = grpc.aio.insecure_channel(address)
        calls = [channel.unary_unary(HANG)(b"", timeout=20) for _ in range(5)]
        await eventually(lambda: echo.hanging == 5)
        await channel.close()
        await eventually(lambda: (echo.hanging, echo.cancelled) == (0, 5))
        assert all(call.cancelled() for call in calls)


async def test_large_messages_both_ways(channel: Any) -> None:
    question = bytes(range(256)) * (LARGE // 256)
    assert await channel.unary_unary(ECHO)(question, timeout=30) == question


async def test_a_message_beyond_the_limit_is_refused_and_the_connection_goes_on(channel: Any) -> None:
    error = await failure(channel.unary_unary(ECHO)(bytes(4 * 2**20 + 1), timeout=30))
    assert error.code() == grpc.StatusCode.RESOURCE_EXHAUSTED
    assert await channel.unary_unary(ECHO)(bytes(4 * 2**20 - 10), timeout=30) == bytes(4 * 2**20 - 10)


async def test_an_answer_beyond_the_clients_limit(channel: Any) -> None:
    error = await failure(channel.unary_unary(MAKE)(str(5 * 2**20).encode(), timeout=30))
    assert error.code() == grpc.StatusCode.RESOURCE_EXHAUSTED
    assert await channel.unary_unary(ECHO)(b"still here", timeout=20) == b"still here"


async def test_unknown_methods(channel: Any) -> None:
    for path in ("/test.Echo/Nothing", "/Nobody/Echo"):
        error = await failure(channel.unary_unary(path)(b"", timeout=20))
        assert error.code() == grpc.StatusCode.UNIMPLEMENTED
        assert path in error.details()


async def test_compressed_requests_are_refused(channel: Any) -> None:
    call = channel.unary_unary(ECHO)(b"a" * 10_000, compression=grpc.Compression.Gzip, timeout=20)
    error = await failure(call)
    assert error.code() == grpc.StatusCode.UNIMPLEMENTED
    assert "compressed" in error.details()


async def test_two_thousand_calls_at_once(channel: Any) -> None:
    ask = channel.unary_unary(ECHO)
    questions = [str(number).encode() for number in range(2_000)]
    answers = await asyncio.gather(*(ask(question, timeout=60) for question in questions))
    assert answers == questions


async def test_a_stream_of_requests_for_one_answer_is_one_too_many(channel: Any) -> None:
    error = await failure(channel.stream_unary(ECHO)(iter([b"one", b"two"]), timeout=20))
    assert error.code() == grpc.StatusCode.INTERNAL
    error = await failure(channel.stream_unary(ECHO)(iter([]), timeout=20))
    assert error.code() == grpc.StatusCode.INTERNAL


async def test_a_connection_that_ages_fails_no_call() -> None:
    async with (
        serving(Echo(), max_age_s=0.1) as (_, address),
        grpc.aio.insecure_channel(address) as channel,
    ):
        ask = channel.unary_unary(ECHO)
        loop = asyncio.get_running_loop()
        until, answered = loop.time() + 1.5, 0
        while loop.time() < until:
            await asyncio.gather(*(ask(b"hi", timeout=20) for _ in range(10)))
            answered += 10
        assert answered > 20
