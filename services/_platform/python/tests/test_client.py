"""Channels: addresses, deadlines from the shared file, retries inside, and what is told when nobody answers."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from prometheus_client import REGISTRY

from meshkit import serviceconfig
from meshkit.client import Channel
from meshkit.errors import PlatformError, RemoteError
from meshkit.rpc.retrying import RetryPolicy
from meshkit.server import App
from meshkit.serviceconfig import ServiceConfig
from meshkit.targets import grpc_target
from meshkit.testing import running
from meshkit.testing.processes import free_port

SAY = "/meshkit.test.v1.EchoService/Say"


@pytest.mark.parametrize(
    ("address", "target"),
    [
        ("127.0.0.1:50051", "ipv4:127.0.0.1:50051"),
        ("127.0.0.1:1,127.0.0.1:2", "ipv4:127.0.0.1:1,127.0.0.1:2"),
        (" 127.0.0.1:1 , 127.0.0.1:2 ", "ipv4:127.0.0.1:1,127.0.0.1:2"),
        ("[::1]:1,[::1]:2", "ipv6:[::1]:1,[::1]:2"),
        ("inventory:50051", "dns:///inventory:50051"),
        ("dns:///inventory.shop:50051", "dns:///inventory.shop:50051"),
    ],
)
def test_addresses_become_targets(address: str, target: str) -> None:
    assert grpc_target(address) == target


@pytest.mark.parametrize("address", ["", " , ", "one:1,two:2", "127.0.0.1:1,two:2"])
def test_addresses_that_cannot_be_followed_are_refused(address: str) -> None:
    with pytest.raises(ValueError, match="address"):
        grpc_target(address)


CONFIG = {
    "loadBalancingConfig": [{"round_robin": {}}],
    "methodConfig": [
        {"name": [{}], "timeout": "3s"},
        {"name": [{"service": "a.A"}], "timeout": "0.25s"},
        {
            "name": [{"service": "a.A", "method": "One"}],
            "timeout": "10s",
            "retryPolicy": {
                "maxAttempts": 2,
                "initialBackoff": "0.1s",
                "maxBackoff": "1s",
                "backoffMultiplier": 2,
                "retryableStatusCodes": ["UNAVAILABLE"],
            },
        },
    ],
}


@pytest.mark.parametrize(("method", "timeout_s"), [("/a.A/One", 10), ("/a.A/Two", 0.25), ("/b.B/One", 3)])
def test_the_most_specific_timeout_holds(method: str, timeout_s: float) -> None:
    assert ServiceConfig(CONFIG).timeout_s(method) == timeout_s


def test_only_methods_with_a_policy_are_retried() -> None:
    config = ServiceConfig(CONFIG)
    assert config.retry_policy("/a.A/One") == RetryPolicy(2, 0.1, 1.0, 2.0, frozenset({14}))
    assert config.retry_policy("/a.A/Two") is None
    assert config.retry_budget() is None


def test_the_trees_own_file_is_found_and_retries_only_unavailable() -> None:
    config = serviceconfig.load()
    policy = config.retry_policy("/banyan.product.v1.ProductService/GetProduct")
    assert policy is not None
    assert policy.codes == frozenset({14})
    assert config.retry_policy("/banyan.order.v1.OrderService/PlaceOrder") is None
    assert config.retry_budget() is not None


async def test_an_upstream_that_is_away_is_unavailable_and_surely_did_nothing(
    echo: SimpleNamespace, settings: Any
) -> None:
    channel = Channel("echo", f"127.0.0.1:{free_port()}", settings)
    await channel.start()
    with pytest.raises(RemoteError) as raised:
        await channel.unary(SAY, echo.SayRequest(text="hi"), echo.SayReply)
    await channel.stop(0)
    assert (raised.value.kind, raised.value.sent) == ("unavailable", False)


async def test_retries_that_found_nobody_sent_nothing_either(
    echo: SimpleNamespace, settings: Any, tmp_path: Path
) -> None:
    file = tmp_path / "service_config.json"
    policy = {
        "maxAttempts": 2,
        "initialBackoff": "0.01s",
        "maxBackoff": "0.01s",
        "backoffMultiplier": 1,
        "retryableStatusCodes": ["UNAVAILABLE"],
    }
    file.write_text(json.dumps({"methodConfig": [{"name": [{}], "retryPolicy": policy}]}))
    more = settings.model_copy(update={"service_config_file": file})
    channel = Channel("echo", f"127.0.0.1:{free_port()}", more)
    await channel.start()
    with pytest.raises(RemoteError) as raised:
        await channel.unary(SAY, echo.SayRequest(text="hi"), echo.SayReply)
    await channel.stop(0)
    assert (raised.value.kind, raised.value.sent) == ("unavailable", False)


async def test_a_closed_channel_says_so(echo: SimpleNamespace, settings: Any) -> None:
    channel = Channel("echo", "127.0.0.1:1", settings)
    with pytest.raises(RemoteError) as raised:
        await channel.unary(SAY, echo.SayRequest(text="hi"), echo.SayReply)
    assert (raised.value.reason, raised.value.sent) == ("CHANNEL_CLOSED", False)


async def test_only_methods_of_the_file_are_retried(
    echo: SimpleNamespace, echo_app: Callable[..., App], settings: Any, tmp_path: Path
) -> None:
    policy = {
        "maxAttempts": 3,
        "initialBackoff": "0.01s",
        "maxBackoff": "0.05s",
        "backoffMultiplier": 2,
        "retryableStatusCodes": ["UNAVAILABLE"],
    }
    name = [{"service": "meshkit.test.v1.EchoService", "method": "Say"}]
    file = tmp_path / "service_config.json"
    file.write_text(json.dumps({"methodConfig": [{"name": name, "timeout": "5s", "retryPolicy": policy}]}))
    calls: list[str] = []

    async def say(request: Any, context: Any) -> Any:
        calls.append(context.method)
        if len(calls) < 3:
            raise PlatformError("unavailable", "NOT_YET", "starting")
        return echo.SayReply(text="third time")

    app = echo_app(say, settings=settings.model_copy(update={"service_config_file": file}))
    async with running(app) as (_, channel):
        reply = await channel.unary(SAY, echo.SayRequest(text="hi"), echo.SayReply)
        assert (reply.text, len(calls)) == ("third time", 3)
        calls.clear()
        with pytest.raises(RemoteError) as raised:
            await channel.unary(
                "/meshkit.test.v1.EchoService/SayInside", echo.SayRequest(text="hi"), echo.SayReply
            )
        assert (raised.value.reason, len(calls)) == ("NOT_YET", 1)


async def test_initial_metadata_comes_with_the_response(
    echo: SimpleNamespace, echo_app: Callable[..., App]
) -> None:
    async def say(request: Any, context: Any) -> Any:
        context.set_initial_metadata("banyan-http-status", "202")
        if request.text == "no":
            raise PlatformError("not_found", "NOTHING", "nothing")
        return echo.SayReply(text=context.metadata["extra"])

    async with running(echo_app(say)) as (_, channel):
        response = await channel.call(
            SAY, echo.SayRequest(text="hi"), echo.SayReply, metadata=[("extra", "given")]
        )
        assert response.message.text == "given"
        assert response.initial_metadata["banyan-http-status"] == "202"
        with pytest.raises(RemoteError, match="nothing"):
            await channel.call(SAY, echo.SayRequest(text="no"), echo.SayReply)


async def test_calls_are_counted_on_both_sides_by_status(
    echo: SimpleNamespace, echo_app: Callable[..., App]
) -> None:
    async def say(request: Any, context: Any) -> Any:
        if request.text == "no":
            raise PlatformError("not_found", "NOTHING", "nothing")
        return echo.SayReply()

    def counts(status: str) -> tuple[float, float]:
        client = {"upstream": "counted", "rpc_method": "SayInside", "grpc_status": status}
        server = {
            "rpc_service": "meshkit.test.v1.EchoService",
            "rpc_method": "SayInside",
            "grpc_status": status,
        }
        return (
            REGISTRY.get_sample_value("rpc_client_call_duration_seconds_count", client) or 0.0,
            REGISTRY.get_sample_value("rpc_server_call_duration_seconds_count", server) or 0.0,
        )

    method = "/meshkit.test.v1.EchoService/SayInside"
    before = {status: counts(status) for status in ("OK", "NOT_FOUND")}
    async with running(echo_app(say, name="counted")) as (_, channel):
        for _ in range(2):
            await channel.unary(method, echo.SayRequest(text="hi"), echo.SayReply)
        with pytest.raises(RemoteError):
            await channel.unary(method, echo.SayRequest(text="no"), echo.SayReply)
    for status, more in (("OK", 2), ("NOT_FOUND", 1)):
        assert counts(status) == (before[status][0] + more, before[status][1] + more)


async def test_a_broken_stream_is_an_error_after_what_arrived(
    echo: SimpleNamespace, echo_app: Callable[..., App], settings: Any
) -> None:
    from meshkit.server import grpc_service

    class Half:
        async def Say(self, request: Any, context: Any) -> Any: ...

        SayAsUser = SayAsStaff = SayInside = Say

        async def Count(self, request: Any, context: Any) -> Any:
            context.set_initial_metadata("k", "v")
            yield echo.CountReply(number=1)
            raise PlatformError("data_loss", "TORN", "the tape is torn")

    seen: list[int] = []
    async with running(App("half", settings, [grpc_service(echo.service, Half())])) as (_, channel):
        stream = channel.server_stream(
            "/meshkit.test.v1.EchoService/Count", echo.CountRequest(up_to=3), echo.CountReply
        )
        with pytest.raises(RemoteError) as raised:
            async for reply in stream:
                seen.append(reply.number)
    assert seen == [1]
    assert (raised.value.kind, raised.value.reason) == ("data_loss", "TORN")
