"""A servicer that does not fit its descriptor is refused when the app is built, not when it is called."""

from __future__ import annotations

from collections.abc import AsyncIterator
from types import SimpleNamespace
from typing import Any

import pytest

from meshkit.server import grpc_service


class Complete:
    async def Say(self, request: Any, context: Any) -> Any: ...

    SayAsUser = SayAsStaff = SayInside = Say

    async def Count(self, request: Any, context: Any) -> AsyncIterator[Any]:
        yield None


def test_a_complete_servicer_is_bound(echo: SimpleNamespace) -> None:
    bound = grpc_service(echo.service, Complete())
    assert bound.full_name == "meshkit.test.v1.EchoService"
    assert [method.name for method in bound.methods] == [
        "Say",
        "SayAsUser",
        "SayAsStaff",
        "SayInside",
        "Count",
    ]


def test_a_missing_method_is_named(echo: SimpleNamespace) -> None:
    class Incomplete(Complete):
        SayInside = None  # type: ignore[assignment]

    with pytest.raises(TypeError, match=r"Incomplete\.SayInside is missing"):
        grpc_service(echo.service, Incomplete())


def test_a_blocking_method_is_refused(echo: SimpleNamespace) -> None:
    class Blocking(Complete):
        def Say(self, request: Any, context: Any) -> Any: ...

    with pytest.raises(TypeError, match="must be an async function"):
        grpc_service(echo.service, Blocking())


def test_a_stream_must_be_a_generator(echo: SimpleNamespace) -> None:
    class NoStream(Complete):
        async def Count(self, request: Any, context: Any) -> Any: ...  # type: ignore[override]

    with pytest.raises(TypeError, match="must be an async generator"):
        grpc_service(echo.service, NoStream())
