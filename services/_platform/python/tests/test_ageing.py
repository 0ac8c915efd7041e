"""Connections end by themselves, so that new replicas get their share; calls do not notice."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

from meshkit.server import App
from meshkit.testing import eventually, running

SAY = "/meshkit.test.v1.EchoService/Say"


async def test_an_old_connection_is_replaced_without_a_failed_call(
    echo: SimpleNamespace, echo_app: Callable[..., App], settings: Any
) -> None:
    import grpc.aio

    app = echo_app(settings=settings.model_copy(update={"max_connection_age_s": 0.3}))
    async with running(app) as (server, channel):
        assert server._runtime is not None
        answered, going_on = 0, True

        async def load() -> None:
            nonlocal answered
            while going_on:
                await channel.unary(SAY, echo.SayRequest(text="hi"), echo.SayReply)
                answered += 1

        workers = [asyncio.create_task(load()) for _ in range(4)]
        async with grpc.aio.insecure_channel(server.addresses["grpc"]) as raw:
            states: list[grpc.ChannelConnectivity] = []

            async def watch() -> None:
                state = raw.get_state(try_to_connect=True)
                while True:
                    await raw.wait_for_state_change(state)
                    state = raw.get_state()
                    states.append(state)

            watcher = asyncio.create_task(watch())
            await eventually(lambda: grpc.ChannelConnectivity.IDLE in states, deadline_s=10)
            watcher.cancel()
        await eventually(lambda: answered > 200, deadline_s=10)
        going_on = False
        await asyncio.gather(*workers)
