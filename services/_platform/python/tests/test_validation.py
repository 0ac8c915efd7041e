"""The rules in a request's proto, answered with violations that name the fields."""

from __future__ import annotations

from collections.abc import Callable
from types import SimpleNamespace

import pytest

from meshkit.errors import RemoteError
from meshkit.server import App
from meshkit.testing import running

SAY = "/meshkit.test.v1.EchoService/Say"


async def test_every_broken_rule_is_named_by_its_field(
    echo: SimpleNamespace, echo_app: Callable[..., App]
) -> None:
    request = echo.SayRequest(items=[echo.Item(quantity=1), echo.Item(quantity=0)], weights={"left": -1})
    async with running(echo_app()) as (_, channel):
        with pytest.raises(RemoteError) as raised:
            await channel.unary(SAY, request, echo.SayReply)
    error = raised.value
    assert (error.kind, error.reason, error.domain) == ("invalid_argument", "INVALID_ARGUMENT", "echo.banyan")
    assert {field for field, _ in error.violations} == {"text", "items[1].quantity", 'weights["left"]'}
    assert all(description for _, description in error.violations)


async def test_bytes_that_are_no_message_are_refused(
    echo: SimpleNamespace, echo_app: Callable[..., App]
) -> None:
    class Garbage:
        def SerializeToString(self) -> bytes:
            return b"\x0a\xff"

    async with running(echo_app()) as (_, channel):
        with pytest.raises(RemoteError) as raised:
            await channel.unary(SAY, Garbage(), echo.SayReply)  # type: ignore[arg-type]
    assert (raised.value.kind, raised.value.reason) == ("invalid_argument", "MALFORMED_REQUEST")
