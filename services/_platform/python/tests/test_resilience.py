"""The guard: how many at once, when it opens, when it closes again."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest
from prometheus_client import REGISTRY

from meshkit.errors import RemoteError
from meshkit.resilience import Guard
from meshkit.server import App
from meshkit.testing import eventually, running
from meshkit.testing.processes import free_port

SAY = "/meshkit.test.v1.EchoService/Say"


def state(upstream: str) -> float | None:
    return REGISTRY.get_sample_value("rpc_client_circuit_state", {"upstream": upstream})


def fail(guard: Guard, times: int, error: Exception) -> None:
    for _ in range(times):
        with pytest.raises(type(error)), guard:
            raise error


def test_it_opens_when_half_of_enough_calls_failed() -> None:
    guard = Guard("half")
    for _ in range(10):
        with guard:
            pass
    fail(guard, 9, RemoteError("unavailable", "DOWN", "down"))
    assert not guard.open
    fail(guard, 2, RemoteError("unavailable", "DOWN", "down"))
    assert guard.open
    assert state("half") == 2
    with pytest.raises(RemoteError) as raised, guard:
        raise AssertionError("must not be entered")
    error = raised.value
    assert (error.kind, error.reason, error.ambiguous) == ("unavailable", "CIRCUIT_OPEN", False)
    assert error.retry_after_s is not None
    assert 0 < error.retry_after_s <= 2


@pytest.mark.parametrize("kind", ["not_found", "failed_precondition", "resource_exhausted", "internal"])
def test_a_refusal_is_an_answer(kind: str) -> None:
    guard = Guard(f"refusing-{kind}")
    fail(guard, 50, RemoteError(kind, "NO", "no"))
    assert not guard.open


async def test_a_cancelled_call_says_nothing_about_the_upstream() -> None:
    guard = Guard("cancelled")
    for _ in range(50):
        with pytest.raises(asyncio.CancelledError), guard:
            raise asyncio.CancelledError
    assert not guard.open


async def test_it_closes_again_after_a_rest() -> None:
    guard = Guard("resting")
    fail(guard, 20, RemoteError("unavailable", "DOWN", "down"))

    def probe() -> bool:
        with guard:
            return True

    def closed() -> bool:
        try:
            return probe() and state("resting") == 0
        except RemoteError:
            return False

    await eventually(closed, deadline_s=5)


async def test_three_probes_at_once_and_no_more_while_it_is_half_open() -> None:
    guard, release = Guard("probed"), asyncio.Event()
    fail(guard, 20, RemoteError("unavailable", "DOWN", "down"))

    async def probe() -> str:
        try:
            with guard:
                await release.wait()
        except RemoteError as refused:
            return refused.reason
        return "let through"

    await asyncio.sleep(2.1)  # the first rest
    probes = [asyncio.create_task(probe()) for _ in range(10)]
    await asyncio.sleep(0)
    assert state("probed") == 1
    release.set()
    outcomes = await asyncio.gather(*probes)
    assert (outcomes.count("let through"), outcomes.count("CIRCUIT_OPEN")) == (3, 7)
    assert state("probed") == 0


async def test_probes_that_fail_open_it_again() -> None:
    guard = Guard("probed in vain")
    fail(guard, 20, RemoteError("unavailable", "DOWN", "down"))
    await asyncio.sleep(2.1)
    fail(guard, 3, RemoteError("unavailable", "DOWN", "still down"))
    assert state("probed in vain") == 2


async def test_rests_stay_short_however_long_the_outage_so_that_its_end_is_seen() -> None:
    guard, probes, longest = Guard("long away"), 0, 0.0
    fail(guard, 20, RemoteError("unavailable", "DOWN", "down"))

    def rested_thrice() -> bool:
        nonlocal probes, longest
        try:
            with guard:
                probes += 1
                raise RemoteError("unavailable", "DOWN", "still down")
        except RemoteError as error:
            longest = max(longest, error.retry_after_s or 0.0)
        return probes >= 9

    await eventually(rested_thrice, deadline_s=30)
    assert 2 < longest <= 4


async def test_the_bulkhead_refuses_what_is_too_much() -> None:
    guard, release = Guard("full", max_concurrent=3), asyncio.Event()

    async def work() -> None:
        with guard:
            await release.wait()

    tasks = [asyncio.create_task(work()) for _ in range(3)]
    await asyncio.sleep(0)
    with pytest.raises(RemoteError) as raised, guard:
        raise AssertionError("must not be entered")
    assert (raised.value.reason, raised.value.sent) == ("BULKHEAD_FULL", False)
    release.set()
    await asyncio.gather(*tasks)
    with guard:
        pass


async def test_a_channel_gives_a_dead_upstream_a_rest_and_finds_it_again(
    echo: SimpleNamespace, echo_app: Callable[..., App], settings: Any
) -> None:
    from meshkit.client import Channel
    from meshkit.server import Server

    address = f"127.0.0.1:{free_port()}"
    channel = Channel("revenant", address, settings)
    await channel.start()

    async def ask() -> Any:
        return await channel.unary(SAY, echo.SayRequest(text="hi"), echo.SayReply)

    reasons = set()
    for _ in range(25):
        with pytest.raises(RemoteError) as raised:
            await ask()
        reasons.add(raised.value.reason)
    assert "CIRCUIT_OPEN" in reasons
    server = Server(echo_app(), grpc_listen=address)
    await server.start()

    async def answered() -> bool:
        try:
            return bool((await ask()).text == "hi")
        except RemoteError:
            return False

    await eventually(answered, deadline_s=15)
    await channel.stop(0)
    await server.stop(delay_s=0, grace_s=1)


async def test_a_full_bulkhead_and_an_open_circuit_are_counted(echo: SimpleNamespace, settings: Any) -> None:
    from meshkit.client import Channel

    nobody = f"127.0.0.1:{free_port()}"

    def refused(status: str) -> float:
        labels = {"upstream": "crowded", "rpc_method": "Say", "grpc_status": status}
        return REGISTRY.get_sample_value("rpc_client_call_duration_seconds_count", labels) or 0.0

    channel = Channel("crowded", nobody, settings, max_concurrent=2)
    await channel.start()
    calls = [channel.unary(SAY, echo.SayRequest(text="hi"), echo.SayReply) for _ in range(5)]
    reasons = [error.reason for error in await asyncio.gather(*calls, return_exceptions=True)]  # type: ignore[union-attr]
    assert reasons.count("BULKHEAD_FULL") == refused("RESOURCE_EXHAUSTED") == 3
    before = 0.0
    while "CIRCUIT_OPEN" not in reasons:
        before = refused("UNAVAILABLE")
        with pytest.raises(RemoteError) as raised:
            await channel.unary(SAY, echo.SayRequest(text="hi"), echo.SayReply)
        reasons.append(raised.value.reason)
    assert refused("UNAVAILABLE") == before + 1
    await channel.stop(0)


async def test_calls_without_trouble_pass_through(
    echo: SimpleNamespace, echo_app: Callable[..., App]
) -> None:
    async with running(echo_app(name="steady")) as (_, channel):
        await asyncio.gather(
            *(channel.unary(SAY, echo.SayRequest(text="hi"), echo.SayReply) for _ in range(40))
        )
    assert state("steady") == 0
