"""A caller's patience travels along, shorter at each hop."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest

from meshkit.context import current_deadline, deadline_in
from meshkit.errors import RemoteError
from meshkit.server import App
from meshkit.telemetry import SERVER_NO_DEADLINE
from meshkit.testing import eventually, running

SAY = "/meshkit.test.v1.EchoService/Say"


async def test_each_of_three_hops_has_less_time(echo: SimpleNamespace, echo_app: Callable[..., App]) -> None:
    seen: dict[str, float] = {}

    def hop(name: str, upstream: Any) -> Callable[[Any, Any], Any]:
        async def say(request: Any, context: Any) -> Any:
            seen[name] = context.remaining_s()
            if upstream is not None:
                return await upstream.unary(SAY, request, echo.SayReply, timeout_s=30.0)
            return echo.SayReply(text=request.text)

        return say

    async with (
        running(echo_app(hop("last", None))) as (_, last),
        running(echo_app(hop("middle", last))) as (_, middle),
        running(echo_app(hop("first", middle))) as (_, first),
    ):
        await first.unary(SAY, echo.SayRequest(text="hi"), echo.SayReply, timeout_s=8.0)
    assert 5.0 < seen["first"] <= 8.0
    assert seen["middle"] <= seen["first"] - 0.019
    assert seen["last"] <= seen["middle"] - 0.019


async def test_the_method_timeout_applies_without_a_caller(
    echo: SimpleNamespace, echo_app: Callable[..., App]
) -> None:
    remaining: list[float] = []

    async def say(request: Any, context: Any) -> Any:
        remaining.append(context.remaining_s())
        return echo.SayReply()

    async with running(echo_app(say)) as (_, channel):
        await channel.unary(SAY, echo.SayRequest(text="hi"), echo.SayReply)
    assert 1.5 < remaining[0] <= 2.0


async def test_a_late_answer_is_a_deadline_error_and_the_handler_is_cancelled(
    echo: SimpleNamespace, echo_app: Callable[..., App]
) -> None:
    cancelled = asyncio.Event()

    async def say(request: Any, context: Any) -> Any:
        try:
            await asyncio.sleep(30)
        except asyncio.CancelledError:
            cancelled.set()
            raise

    async with running(echo_app(say)) as (_, channel):
        with pytest.raises(RemoteError) as raised:
            await channel.unary(SAY, echo.SayRequest(text="hi"), echo.SayReply, timeout_s=0.1)
        assert raised.value.kind == "deadline_exceeded"
        assert raised.value.ambiguous
        await eventually(cancelled.is_set)


async def test_without_time_left_nothing_is_sent(echo: SimpleNamespace, echo_app: Callable[..., App]) -> None:
    calls: list[str] = []

    async def say(request: Any, context: Any) -> Any:
        calls.append(request.text)
        return echo.SayReply()

    async with running(echo_app(say)) as (_, channel):
        with deadline_in(0.01), pytest.raises(RemoteError) as raised:
            await channel.unary(SAY, echo.SayRequest(text="hi"), echo.SayReply)
    assert (raised.value.kind, raised.value.sent) == ("deadline_exceeded", False)
    assert calls == []


async def test_a_call_without_a_deadline_is_counted(
    echo: SimpleNamespace, echo_app: Callable[..., App]
) -> None:
    import grpc.aio

    before = SERVER_NO_DEADLINE._value.get()
    async with running(echo_app()) as (server, _), grpc.aio.insecure_channel(server.addresses["grpc"]) as raw:
        await raw.unary_unary(SAY)(echo.SayRequest(text="hi").SerializeToString())
    assert SERVER_NO_DEADLINE._value.get() == before + 1


def test_an_inner_budget_is_never_longer_than_the_outer_one() -> None:
    with deadline_in(1.0):
        outer = current_deadline()
        with deadline_in(60.0):
            assert current_deadline() == outer
        with deadline_in(0.1):
            inner = current_deadline()
            assert inner is not None
            assert inner - time.monotonic() <= 0.1
    assert current_deadline() is None
