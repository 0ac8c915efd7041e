"""SIGTERM under load: no call fails, and the process ends by itself with 0."""

from __future__ import annotations

import asyncio
import signal
import time
from collections.abc import Awaitable, Callable
from types import SimpleNamespace
from typing import Any

import pytest

from meshkit.client import Channel
from meshkit.errors import RemoteError
from meshkit.testing import eventually

SAY = "/meshkit.test.v1.EchoService/Say"
Start = Callable[..., Awaitable[Any]]


@pytest.mark.parametrize("delay_s", ["0", "0.3"])
async def test_no_call_fails_while_one_of_two_replicas_drains(
    delay_s: str, echo: SimpleNamespace, echo_process: Start, settings: Any
) -> None:
    variables = {"ECHO_ANSWER_AFTER_S": "0.02", "ECHO_DRAIN_DELAY_S": delay_s}
    leaving, staying = await echo_process(**variables), await echo_process(**variables)
    addresses = [(await each.addresses())["grpc"] for each in (leaving, staying)]
    channel = Channel("echo", ",".join(addresses), settings)
    await channel.start()
    answered, failures, going_on = 0, [], True

    async def load() -> None:
        nonlocal answered
        while going_on:
            try:
                await channel.unary(SAY, echo.SayRequest(text="hi"), echo.SayReply)
                answered += 1
            except RemoteError as error:
                failures.append(error)

    workers = [asyncio.create_task(load()) for _ in range(8)]
    await eventually(lambda: answered > 100)
    leaving.process.send_signal(signal.SIGTERM)
    assert await leaving.ended() == 0
    at_end = answered
    await eventually(lambda: answered > at_end + 100)
    going_on = False
    await asyncio.gather(*workers)
    await channel.stop(1.0)
    assert failures == []
    assert leaving.events("stopped")


async def test_a_call_in_flight_is_finished_before_the_end(
    echo: SimpleNamespace, echo_process: Start, settings: Any
) -> None:
    service = await echo_process(ECHO_ANSWER_AFTER_S="0.5")
    channel = Channel("echo", (await service.addresses())["grpc"], settings)
    await channel.start()
    call = asyncio.create_task(channel.unary(SAY, echo.SayRequest(text="hi"), echo.SayReply))
    await eventually(service.in_flight)
    service.process.send_signal(signal.SIGTERM)
    assert (await call).text == "hi"
    assert await service.ended() == 0
    await channel.stop(0)


async def test_the_grace_is_a_limit(echo: SimpleNamespace, echo_process: Start, settings: Any) -> None:
    service = await echo_process(ECHO_ANSWER_AFTER_S="60", ECHO_DRAIN_GRACE_S="0.2")
    channel = Channel("echo", (await service.addresses())["grpc"], settings)
    await channel.start()
    call = asyncio.create_task(channel.unary(SAY, echo.SayRequest(text="hi"), echo.SayReply, timeout_s=60))
    await eventually(service.in_flight)
    started = time.monotonic()
    service.process.send_signal(signal.SIGTERM)
    with pytest.raises(RemoteError):
        await call
    assert await service.ended() == 0
    assert time.monotonic() - started < 5
    await channel.stop(0)


async def test_a_second_signal_cuts_the_draining_short(echo_process: Start) -> None:
    service = await echo_process(ECHO_DRAIN_DELAY_S="300")
    await service.addresses()
    service.process.send_signal(signal.SIGTERM)
    await eventually(lambda: service.events("draining"))
    service.process.send_signal(signal.SIGINT)
    assert await service.ended() == 0
    assert service.events("stopped without draining: asked twice")


async def test_an_idle_service_stops_at_once(echo_process: Start) -> None:
    service = await echo_process()
    await service.addresses()
    started = time.monotonic()
    service.process.send_signal(signal.SIGINT)
    assert await service.ended() == 0
    assert time.monotonic() - started < 2


async def test_a_watched_health_stream_does_not_hold_up_the_end(
    echo: SimpleNamespace, echo_process: Start, settings: Any
) -> None:
    service = await echo_process()
    channel = Channel("echo", (await service.addresses())["grpc"], settings)
    await channel.start()  # round robin watches the server's health on a stream without end
    await channel.unary(SAY, echo.SayRequest(text="hi"), echo.SayReply)
    started = time.monotonic()
    service.process.send_signal(signal.SIGTERM)
    assert await service.ended() == 0
    assert time.monotonic() - started < 3
    await channel.stop(0)
