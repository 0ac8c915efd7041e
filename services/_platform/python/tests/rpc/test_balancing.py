"""Which server a call goes to: equal shares, who comes, who goes, who is not serving."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Callable
from contextlib import AsyncExitStack

from meshkit.rpc import wiring
from meshkit.rpc.handling import OK, Incoming, Status
from meshkit.rpc.serving import RpcServer
from meshkit.rpc.subchannel import Address
from meshkit.testing import eventually
from meshkit.testing.processes import free_port
from services._platform.python.tests.rpc.echoes import (
    HANG,
    QUICK,
    Caller,
    Echo,
    Listed,
    as_pair,
    calling,
    serving,
)


async def ready(caller: Caller, servers: int) -> None:
    """Waits until so many are connected."""
    await caller.ask()
    await eventually(lambda: len(caller.balancer._ready) == servers)


class Fleet:
    """Servers of a test, each with its own count of calls."""

    def __init__(self, stack: AsyncExitStack) -> None:
        self._stack = stack
        self.echoes: list[Echo] = []
        self.addresses: list[str] = []

    async def grow(self) -> str:
        """One more server."""
        self.echoes.append(Echo())
        _, address = await self._stack.enter_async_context(serving(self.echoes[-1]))
        self.addresses.append(address)
        return address

    def counts(self) -> list[int]:
        """Calls by server."""
        return [echo.calls for echo in self.echoes]


async def during(caller: Caller, act: Callable[[], None], until: Callable[[], bool]) -> float:
    """Seconds from `act` until `until` holds, under load in which no call may fail."""
    loop = asyncio.get_running_loop()
    going_on = True

    async def work() -> None:
        while going_on:
            await caller.ask()

    workers = [asyncio.create_task(work()) for _ in range(4)]
    started = loop.time()
    act()
    try:
        await eventually(until, deadline_s=10)
        return loop.time() - started
    finally:
        going_on = False
        await asyncio.gather(*workers)


async def test_three_servers_get_equal_shares() -> None:
    async with AsyncExitStack() as stack:
        fleet = Fleet(stack)
        addresses = [await fleet.grow() for _ in range(3)]
        async with calling(*addresses) as caller:
            await ready(caller, 3)
            before = fleet.counts()
            for _ in range(15):
                await asyncio.gather(*(caller.ask() for _ in range(20)))
            shares = [now - then for now, then in zip(fleet.counts(), before, strict=True)]
            assert sum(shares) == 300
            assert all(90 <= share <= 110 for share in shares), shares


async def test_who_appears_gets_its_share_and_who_disappears_gets_none() -> None:
    async with AsyncExitStack() as stack:
        fleet = Fleet(stack)
        listed = Listed(await fleet.grow(), await fleet.grow())
        async with calling(timing=QUICK, resolver=listed) as caller:
            await ready(caller, 2)
            third = as_pair(await fleet.grow())
            await during(caller, lambda: listed.addresses.append(third), lambda: fleet.echoes[2].calls > 20)
            before = fleet.counts()
            for _ in range(300):
                await caller.ask()
            shares = [now - then for now, then in zip(fleet.counts(), before, strict=True)]
            assert all(90 <= share <= 110 for share in shares), shares
            leaving = as_pair(fleet.addresses[0])
            await during(
                caller,
                lambda: listed.addresses.remove(leaving),
                lambda: leaving not in caller.balancer._subchannels,
            )
            before = fleet.counts()
            for _ in range(50):
                await caller.ask()
            assert fleet.counts()[0] == before[0]


async def test_calls_under_way_to_a_server_that_disappears_are_answered() -> None:
    release = asyncio.Event()

    class Slow(Echo):
        async def _hang(self, call: Incoming, payload: bytes) -> tuple[bytes | None, Status]:
            self.hanging += 1
            await release.wait()
            return payload, OK

    slow = Slow()
    async with serving(slow) as (_, first), serving(Echo()) as (_, second):
        listed = Listed(first)
        async with calling(timing=QUICK, resolver=listed) as caller:
            under_way = asyncio.create_task(caller.ask(HANG, b"done"))
            await eventually(lambda: slow.hanging == 1)
            listed.addresses = [as_pair(second)]
            await eventually(lambda: list(caller.balancer._subchannels) == [as_pair(second)])
            await caller.ask()
            release.set()
            assert await under_way == b"done"
            await eventually(lambda: not caller.balancer._leaving)


async def test_who_is_not_serving_is_left_alone_at_once() -> None:
    async with AsyncExitStack() as stack:
        fleet = Fleet(stack)
        addresses = [await fleet.grow(), await fleet.grow()]
        async with calling(*addresses) as caller:
            await ready(caller, 2)
            fleet.echoes[0].health.set_serving(False)
            await eventually(lambda: len(caller.balancer._ready) == 1)
            before = fleet.counts()
            for _ in range(50):
                await caller.ask()
            assert fleet.counts() == [before[0], before[1] + 50]
            fleet.echoes[0].health.set_serving(True)
            await eventually(lambda: len(caller.balancer._ready) == 2)


async def test_nobody_serving_fails_fast_and_says_so() -> None:
    echo = Echo()
    echo.health.set_serving(False)
    async with serving(echo) as (_, address), calling(address) as caller:
        ended = await caller.failure(timeout_s=20.0)
        assert (ended.code, ended.sent) == (wiring.UNAVAILABLE, False)
        assert "not serving" in ended.message
        echo.health.set_serving(True)
        await eventually(lambda: len(caller.balancer._ready) == 1)
        await caller.ask()


async def test_all_down_fails_fast() -> None:
    addresses = [f"127.0.0.1:{free_port()}" for _ in range(3)]
    async with calling(*addresses) as caller:
        loop = asyncio.get_running_loop()
        started = loop.time()
        for _ in range(100):
            ended = await caller.failure(timeout_s=20.0)
            assert (ended.code, ended.sent) == (wiring.UNAVAILABLE, False)
        assert loop.time() - started < 5


async def test_a_server_that_starts_late_is_found_by_itself() -> None:
    port = free_port()
    async with calling(f"127.0.0.1:{port}") as caller:
        assert (await caller.failure(timeout_s=20.0)).sent is False
        async with serving(Echo(), port=port):
            await eventually(lambda: caller.balancer.pick() is not None, deadline_s=10)
            assert await caller.ask() == b"hi"


async def test_the_first_call_waits_for_a_server_that_is_connecting() -> None:
    """It listens, and accepts late, as one does that is still starting up."""
    listening = socket.create_server(("127.0.0.1", 0))
    address = f"127.0.0.1:{listening.getsockname()[1]}"
    async with calling(address) as caller:
        first = asyncio.create_task(caller.ask(timeout_s=20.0))
        await eventually(lambda: bool(caller.balancer._subchannels))
        assert not first.done()
        server = RpcServer(Echo().handlers(), 0)
        loop = asyncio.get_running_loop()
        accepting = await loop.create_server(server._accept, sock=listening)
        assert await first == b"hi"
        await caller.client.stop(0)
        accepting.close()
        await eventually(lambda: not server._peers)


async def test_a_name_that_cannot_be_resolved_fails_fast_and_is_asked_again() -> None:
    async with serving(Echo()) as (_, address):

        class Late(Listed):
            asked = 0

            async def resolve(self) -> list[Address]:
                self.asked += 1
                if self.asked < 3:
                    raise OSError("no such name")
                return await super().resolve()

        async with calling(timing=QUICK, resolver=Late(address)) as caller:
            ended = await caller.failure(timeout_s=20.0)
            assert (ended.code, ended.sent) == (wiring.UNAVAILABLE, False)
            assert "no such name" in ended.message
            await eventually(lambda: caller.balancer.pick() is not None)
            assert await caller.ask() == b"hi"


async def test_a_name_without_addresses_fails_fast() -> None:
    async with calling(timing=QUICK, resolver=Listed()) as caller:
        ended = await caller.failure(timeout_s=20.0)
        assert (ended.code, ended.sent) == (wiring.UNAVAILABLE, False)


async def test_a_closed_client_makes_no_connections() -> None:
    async with serving(Echo()) as (server, address), calling(address) as caller:
        await caller.client.stop(0)
        ended = await caller.failure(timeout_s=20.0)
        assert (ended.code, ended.sent) == (wiring.UNAVAILABLE, False)
        assert not server._peers
