"""After many calls of all kinds nothing is left: no task, no stream, no timer, no memory."""

from __future__ import annotations

import asyncio
import gc
from typing import Any

import psutil
import pytest

from meshkit.rpc import wiring
from meshkit.rpc.client import CallFailed
from meshkit.rpc.serving import RpcServer
from meshkit.testing import eventually
from services._platform.python.tests.rpc.echoes import COUNT, ECHO, FAIL, HANG, Caller, Echo, calling, serving


def timers() -> int:
    """Of the running loop, those that were not cancelled."""
    loop: Any = asyncio.get_running_loop()
    return sum(not handle.cancelled() for handle in loop._scheduled)


async def cancelled(caller: Caller) -> str:
    task = asyncio.create_task(caller.ask(HANG))
    await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    return "cancelled"


async def expired(caller: Caller) -> str:
    ended = await caller.failure(HANG, timeout_s=0.05)
    return "expired" if ended.code == wiring.DEADLINE_EXCEEDED else f"expired: {ended}"


async def failed(caller: Caller) -> str:
    with pytest.raises(CallFailed):
        await caller.ask(FAIL, b"9")
    return "failed"


async def answered(caller: Caller) -> str:
    await caller.ask(ECHO, b"x" * 2_000)
    return "answered"


async def left_midway(caller: Caller) -> str:
    call = await caller.client.stream(COUNT, b"1000 1000", (), 20.0)
    await call.next()
    call.cancel()
    return "left"


async def streamed(caller: Caller) -> str:
    call = await caller.client.stream(COUNT, b"5 10", (), 20.0)
    while await call.next() is not None:
        pass
    return "streamed"


KINDS = (answered, failed, cancelled, expired, left_midway, streamed)


def streams(server: RpcServer, caller: Caller) -> tuple[int, int, int]:
    """Open on the client's side, on the server's, and calls that the server still holds."""
    return (
        sum(len(each.connection.streams) for each in caller.balancer._ready),
        sum(len(each.connection.streams) for each in server._peers),
        sum(len(each._calls) for each in server._peers),
    )


async def test_mixed_calls_leave_nothing() -> None:
    async with serving(Echo()) as (server, address), calling(address) as caller:
        await caller.ask()
        await eventually(lambda: streams(server, caller) == (1, 1, 1))  # the health watch
        tasks, pending = set(asyncio.all_tasks()), timers()
        outcomes = []
        for _ in range(20):
            batch = [kind(caller) for kind in KINDS for _ in range(9)]
            outcomes += await asyncio.gather(*batch)
        assert len(outcomes) == 1_080
        assert {outcomes.count(kind) for kind in set(outcomes)} == {180}
        await eventually(lambda: streams(server, caller) == (1, 1, 1))
        await eventually(lambda: set(asyncio.all_tasks()) == tasks)
        assert timers() == pending
        (connection,) = caller.balancer._ready
        assert not connection._waiting
        assert not connection.connection._queue


async def test_both_sides_end_without_a_rest() -> None:
    tasks, pending = set(asyncio.all_tasks()), timers()
    async with serving(Echo(), max_age_s=30) as (server, address), calling(address) as caller:
        await asyncio.gather(*(kind(caller) for kind in KINDS for _ in range(5)))
    await eventually(lambda: set(asyncio.all_tasks()) == tasks)
    assert timers() == pending
    assert not server._peers


async def test_memory_does_not_grow_with_the_number_of_calls() -> None:
    async with serving(Echo()) as (_, address), calling(address) as caller:

        async def many(calls: int) -> int:
            for _ in range(calls // 50):
                await asyncio.gather(*(caller.ask(ECHO, b"x" * 500) for _ in range(50)))
            gc.collect()
            return int(psutil.Process().memory_info().rss)

        before = await many(3_000)
        after = await many(20_000)
        assert after - before < 4 * 2**20
