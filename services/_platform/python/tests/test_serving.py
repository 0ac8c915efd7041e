"""One real server, one real channel."""

from __future__ import annotations

from collections.abc import Callable
from types import SimpleNamespace

from meshkit.server import App
from meshkit.testing import running

SAY = "/meshkit.test.v1.EchoService/Say"


async def test_a_call_gets_its_answer(echo: SimpleNamespace, echo_app: Callable[..., App]) -> None:
    async with running(echo_app()) as (_, channel):
        reply = await channel.unary(SAY, echo.SayRequest(text="hi"), echo.SayReply)
        assert reply.text == "hi"


async def test_a_stream_gets_all_its_answers(echo: SimpleNamespace, echo_app: Callable[..., App]) -> None:
    async with running(echo_app()) as (_, channel):
        stream = channel.server_stream(
            "/meshkit.test.v1.EchoService/Count", echo.CountRequest(up_to=3), echo.CountReply
        )
        assert [reply.number async for reply in stream] == [0, 1, 2]
