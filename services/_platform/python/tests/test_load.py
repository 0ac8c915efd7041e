"""More calls than a server takes at once are shed, quickly and with a hint when to come back."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

from meshkit.errors import RemoteError
from meshkit.server import App
from meshkit.telemetry import SERVER_IN_FLIGHT, SERVER_SHED
from meshkit.testing import eventually, running

SAY = "/meshkit.test.v1.EchoService/Say"


async def test_what_is_too_much_is_shed_and_the_rest_succeeds(
    echo: SimpleNamespace, echo_app: Callable[..., App], settings: Any
) -> None:
    release, entered = asyncio.Event(), 0

    async def say(request: Any, context: Any) -> Any:
        nonlocal entered
        entered += 1
        await release.wait()
        return echo.SayReply()

    shed_before = SERVER_SHED._value.get()
    app = echo_app(say, settings=settings.model_copy(update={"max_concurrent_rpcs": 5}))
    async with running(app) as (_, channel):

        async def call() -> Any:
            return await channel.unary(SAY, echo.SayRequest(text="hi"), echo.SayReply, timeout_s=10)

        held = [asyncio.create_task(call()) for _ in range(5)]
        await eventually(lambda: entered == 5)
        assert next(iter(SERVER_IN_FLIGHT.collect())).samples[0].value == 5
        outcomes = await asyncio.gather(*(call() for _ in range(7)), return_exceptions=True)
        release.set()
        await asyncio.gather(*held)
        await call()
    refused = [outcome for outcome in outcomes if isinstance(outcome, RemoteError)]
    assert len(refused) == 7
    assert {(error.kind, error.reason) for error in refused} == {("resource_exhausted", "OVERLOADED")}
    assert all(error.retry_after_s and not error.ambiguous for error in refused)
    assert SERVER_SHED._value.get() == shed_before + 7
