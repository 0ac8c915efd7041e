"""Errors over the wire, both directions: every kind, with everything it carries."""

from __future__ import annotations

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest
from google.rpc import status_pb2

from meshkit.errors import KINDS, PlatformError, RemoteError
from meshkit.server import App
from meshkit.status import failure_of, remote_error
from meshkit.testing import running

SAY = "/meshkit.test.v1.EchoService/Say"


class OutOfPaper(Exception):
    """As a service writes it: no base class of the kit's."""

    kind = "failed_precondition"
    reason = "OUT_OF_PAPER"

    def __init__(self) -> None:
        super().__init__("the tray is empty")
        self.metadata = {"tray": "2"}
        self.violations = [("tray", "must hold paper")]
        self.retry_after_s = 1.5


@pytest.mark.parametrize("kind", sorted(set(KINDS) - {"internal"}))
def test_every_kind_survives_the_wire(kind: str) -> None:
    failure = failure_of(PlatformError(kind, "SOME_REASON", "words", metadata={"a": "b"}), "echo.banyan")
    assert failure.code == KINDS[kind]
    received = remote_error(failure.code, failure.message, failure.details)
    assert (received.kind, received.reason, received.message) == (kind, "SOME_REASON", "words")
    assert (received.domain, received.metadata) == ("echo.banyan", {"a": "b"})


async def test_a_services_own_exception_arrives_whole(
    echo: SimpleNamespace, echo_app: Callable[..., App]
) -> None:
    async def say(request: Any, context: Any) -> Any:
        raise OutOfPaper

    async with running(echo_app(say)) as (_, channel):
        with pytest.raises(RemoteError) as raised:
            await channel.unary(SAY, echo.SayRequest(text="hi"), echo.SayReply)
    error = raised.value
    assert (error.kind, error.reason, error.message) == (
        "failed_precondition",
        "OUT_OF_PAPER",
        "the tray is empty",
    )
    assert error.metadata == {"tray": "2"}
    assert error.violations == [("tray", "must hold paper")]
    assert error.retry_after_s == 1.5
    assert not error.ambiguous


async def test_an_unknown_exception_tells_the_caller_nothing(
    echo: SimpleNamespace, echo_app: Callable[..., App]
) -> None:
    async def say(request: Any, context: Any) -> Any:
        raise RuntimeError("password=hunter2")

    async with running(echo_app(say)) as (_, channel):
        with pytest.raises(RemoteError) as raised:
            await channel.unary(SAY, echo.SayRequest(text="hi"), echo.SayReply)
    error = raised.value
    assert (error.kind, error.reason, error.message) == ("internal", "INTERNAL", "internal error")
    assert "hunter2" not in repr(error)
    assert error.ambiguous


async def test_an_upstreams_refusal_passed_on_keeps_its_origin(
    echo: SimpleNamespace, echo_app: Callable[..., App]
) -> None:
    async def refuse(request: Any, context: Any) -> Any:
        raise OutOfPaper

    async with running(echo_app(refuse, name="printer")) as (_, printer):

        async def forward(request: Any, context: Any) -> Any:
            return await printer.unary(SAY, request, echo.SayReply)

        async with running(echo_app(forward, name="desk")) as (_, desk):
            with pytest.raises(RemoteError) as raised:
                await desk.unary(SAY, echo.SayRequest(text="hi"), echo.SayReply)
    assert (raised.value.reason, raised.value.domain) == ("OUT_OF_PAPER", "printer.banyan")


def test_an_unknown_kind_is_internal() -> None:
    class Odd(Exception):
        kind = "no_such_kind"
        reason = "ODD"

    failure = failure_of(Odd("secret"), "echo.banyan")
    assert (failure.code, failure.message, failure.reason) == (13, "internal error", "INTERNAL")


def test_an_own_internal_error_keeps_its_words_to_itself() -> None:
    failure = failure_of(PlatformError("internal", "BROKEN", "table orders is gone"), "echo.banyan")
    assert (failure.message, failure.reason) == ("internal error", "INTERNAL")


def test_many_violations_are_cut_to_what_a_trailer_can_hold() -> None:
    violations = [(f"items[{number}].quantity", "must be greater than 0") for number in range(1000)]
    failure = failure_of(
        PlatformError("invalid_argument", "INVALID_ARGUMENT", "no", violations=violations), "e"
    )
    assert len(failure.details) < 4600
    received = remote_error(failure.code, failure.message, failure.details)
    assert 20 < len(received.violations) < 1000
    assert received.violations[0] == violations[0]


@pytest.mark.parametrize(
    "details", [None, b"", b"\xff\xffnot a status", status_pb2.Status().SerializeToString()]
)
def test_a_status_without_readable_details_still_counts(details: bytes | None) -> None:
    error = remote_error(5, "nothing here", details)
    assert (error.kind, error.reason, error.domain) == ("not_found", "NOT_FOUND", "")


@pytest.mark.parametrize(
    ("kind", "sent", "ambiguous"),
    [
        ("unavailable", True, True),
        ("unavailable", False, False),
        ("deadline_exceeded", True, True),
        ("deadline_exceeded", False, False),
        ("internal", True, True),
        ("unknown", True, True),
        ("cancelled", True, True),
        ("not_found", True, False),
        ("failed_precondition", True, False),
        ("aborted", True, False),
        ("resource_exhausted", True, False),
    ],
)
def test_when_the_effect_may_have_happened(kind: str, sent: bool, ambiguous: bool) -> None:
    assert RemoteError(kind, "R", "m", sent=sent).ambiguous is ambiguous
