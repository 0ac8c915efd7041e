"""Who may call what: the whole matrix, through a real server."""

from __future__ import annotations

from collections.abc import Callable
from types import SimpleNamespace

import pytest

from meshkit.context import ANONYMOUS, Identity, acting_as
from meshkit.errors import RemoteError
from meshkit.server import App
from meshkit.testing import running

GUEST = Identity(guest_id="g1")
CUSTOMER = Identity("u1", frozenset({"customer"}))
STAFF = Identity("u2", frozenset({"customer", "staff"}))
ROLE_WITHOUT_USER = Identity(None, frozenset({"staff"}))

UNAUTHENTICATED = ("unauthenticated", "UNAUTHENTICATED")
STAFF_ONLY = ("permission_denied", "STAFF_ONLY")

MATRIX = {
    "Say": {},
    "SayInside": {},
    "SayAsUser": {
        ANONYMOUS: UNAUTHENTICATED,
        GUEST: UNAUTHENTICATED,
        ROLE_WITHOUT_USER: UNAUTHENTICATED,
    },
    "SayAsStaff": {
        ANONYMOUS: UNAUTHENTICATED,
        GUEST: UNAUTHENTICATED,
        ROLE_WITHOUT_USER: UNAUTHENTICATED,
        CUSTOMER: STAFF_ONLY,
    },
}


@pytest.mark.parametrize("rpc", MATRIX)
async def test_access_matrix(rpc: str, echo: SimpleNamespace, echo_app: Callable[..., App]) -> None:
    method, request = f"/meshkit.test.v1.EchoService/{rpc}", echo.SayRequest(text="hi")
    async with running(echo_app()) as (_, channel):
        for identity in (ANONYMOUS, GUEST, ROLE_WITHOUT_USER, CUSTOMER, STAFF):
            expected = MATRIX[rpc].get(identity)
            with acting_as(identity):
                if expected is None:
                    reply = await channel.unary(method, request, echo.SayReply)
                    assert reply.text == "hi"
                    continue
                with pytest.raises(RemoteError) as raised:
                    await channel.unary(method, request, echo.SayReply)
                assert (raised.value.kind, raised.value.reason) == expected
                assert raised.value.domain == "echo.banyan"


async def test_a_refused_caller_learns_nothing_of_the_requests_validity(
    echo: SimpleNamespace, echo_app: Callable[..., App]
) -> None:
    async with running(echo_app()) as (_, channel):
        with pytest.raises(RemoteError) as raised:
            await channel.unary("/meshkit.test.v1.EchoService/SayAsUser", echo.SayRequest(), echo.SayReply)
        assert raised.value.reason == "UNAUTHENTICATED"


@pytest.mark.parametrize("identity", [CUSTOMER, STAFF, GUEST, Identity("u1", guest_id="g1")])
async def test_the_identity_arrives_unchanged(
    identity: Identity, echo: SimpleNamespace, echo_app: Callable[..., App]
) -> None:
    seen: list[Identity] = []

    async def say(request: object, context: object) -> object:
        seen.append(context.identity)  # type: ignore[attr-defined]
        return echo.SayReply()

    async with running(echo_app(say)) as (_, channel):
        with acting_as(identity):
            await channel.unary("/meshkit.test.v1.EchoService/Say", echo.SayRequest(text="hi"), echo.SayReply)
    assert seen == [identity]


def test_a_method_without_the_option_is_internal(echo: SimpleNamespace) -> None:
    from meshkit import access

    methods = echo.service.methods_by_name
    assert access.access_of(methods["SayInside"]) == access.INTERNAL
    assert access.access_of(methods["Say"]) == access.PUBLIC


@pytest.mark.parametrize(
    ("identity", "caller"),
    [(CUSTOMER, "u1"), (Identity("u1", guest_id="g"), "u1"), (GUEST, "guest:g1"), (ANONYMOUS, "internal")],
)
def test_the_caller_of_repeated_requests(identity: Identity, caller: str) -> None:
    assert identity.caller == caller
