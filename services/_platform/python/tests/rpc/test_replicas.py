"""Two replicas as processes, one of which is killed or paused under load."""

from __future__ import annotations

import asyncio
import json
import signal
from collections.abc import Awaitable, Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from meshkit.client import Channel
from meshkit.errors import RemoteError
from meshkit.telemetry import CLIENT_RETRIES
from meshkit.testing import eventually

SAY = "/meshkit.test.v1.EchoService/Say"
WORKERS = 8
RETRY = {
    "maxAttempts": 3,
    "initialBackoff": "0.02s",
    "maxBackoff": "0.1s",
    "backoffMultiplier": 2,
    "retryableStatusCodes": ["UNAVAILABLE"],
}


@pytest.mark.parametrize("retried", [False, True])
async def test_a_killed_replica_takes_only_the_calls_that_were_on_it(
    retried: bool,
    echo: SimpleNamespace,
    echo_process: Callable[..., Awaitable[Any]],
    settings: Any,
    tmp_path: Path,
) -> None:
    entry: dict[str, Any] = {"name": [{}], "timeout": "20s"}
    file = tmp_path / "service_config.json"
    file.write_text(json.dumps({"methodConfig": [entry | ({"retryPolicy": RETRY} if retried else {})]}))
    dying, staying = await asyncio.gather(*(echo_process(ECHO_ANSWER_AFTER_S="0.02") for _ in range(2)))
    addresses = [(await each.addresses())["grpc"] for each in (dying, staying)]
    name = f"replicas-{retried}"
    channel = Channel(name, ",".join(addresses), settings.model_copy(update={"service_config_file": file}))
    await channel.start()
    answered, failures, going_on = 0, [], True

    async def load() -> None:
        nonlocal answered
        while going_on:
            try:
                await channel.unary(SAY, echo.SayRequest(text="hi"), echo.SayReply)
                answered += 1
            except RemoteError as error:
                failures.append(error)

    workers = [asyncio.create_task(load()) for _ in range(WORKERS)]
    await eventually(lambda: answered > 100, deadline_s=30)
    dying.process.send_signal(signal.SIGKILL)
    await dying.ended()
    at_end = answered
    await eventually(lambda: answered > at_end + 100, deadline_s=30)
    going_on = False
    await asyncio.gather(*workers)
    await channel.stop(1.0)
    assert len(failures) <= (0 if retried else WORKERS)
    assert all(error.kind == "unavailable" and error.sent for error in failures)
    assert (CLIENT_RETRIES.labels(name)._value.get() > 0) is retried


async def test_a_paused_replica_costs_the_calls_that_were_on_it_and_is_used_again_when_it_goes_on(
    echo: SimpleNamespace, echo_process: Callable[..., Awaitable[Any]], settings: Any
) -> None:
    pausing, other = await asyncio.gather(*(echo_process(ECHO_ANSWER_AFTER_S="0.02") for _ in range(2)))
    addresses = [(await each.addresses())["grpc"] for each in (pausing, other)]
    channel = Channel("paused", ",".join(addresses), settings)
    await channel.start()
    answered, failures, going_on = 0, [], True

    async def load() -> None:
        nonlocal answered
        while going_on:
            try:
                await channel.unary(SAY, echo.SayRequest(text="hi"), echo.SayReply, timeout_s=2.0)
                answered += 1
            except RemoteError as error:
                failures.append(error.kind)

    workers = [asyncio.create_task(load()) for _ in range(WORKERS)]
    await eventually(lambda: answered > 100, deadline_s=30)
    pausing.process.send_signal(signal.SIGSTOP)
    at_pause = answered
    await eventually(lambda: answered > at_pause + 500, deadline_s=60)
    assert len(failures) <= WORKERS, "each worker may have waited for the paused replica once"
    pausing.process.send_signal(signal.SIGCONT)
    other.process.send_signal(signal.SIGSTOP)
    at_swap = answered
    await eventually(lambda: answered > at_swap + 200, deadline_s=60)
    other.process.send_signal(signal.SIGCONT)
    going_on = False
    await asyncio.gather(*workers)
    await channel.stop(1.0)
