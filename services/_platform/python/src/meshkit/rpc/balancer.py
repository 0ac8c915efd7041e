"""Which connection the next call takes: all ready addresses in turn."""

from __future__ import annotations

import asyncio
from typing import Final

from meshkit.logging import get_logger
from meshkit.rpc.dialing import DialedConnection
from meshkit.rpc.resolving import Resolver
from meshkit.rpc.subchannel import Address, State, Subchannel

RESOLVE_EVERY_S: Final = 5.0
"""How long a new replica may go unnoticed; pods come and go within seconds when a service scales."""
log = get_logger()


class NowhereToGo(Exception):
    """No address can take a call now."""


class Balancer:
    """Keeps a connection to every address of the target, from the first call on."""

    def __init__(self, upstream: str, target: str, resolve_every_s: float = RESOLVE_EVERY_S) -> None:
        self._upstream = upstream
        self._resolver = Resolver(target)
        self._resolve_every_s = resolve_every_s
        self._subchannels: dict[Address, Subchannel] = {}
        self._ready: list[DialedConnection] = []
        self._turn = 0
        self._changed: asyncio.Future[None] | None = None
        self._task: asyncio.Task[None] | None = None
        self._failure = ""
        self._leaving: set[asyncio.Task[None]] = set()

    async def stop(self, grace_s: float) -> None:
        """Lets calls under way end for `grace_s` seconds, then closes all connections."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.wait({self._task})
            self._task = None
        stopping = [subchannel.stop(grace_s) for subchannel in self._subchannels.values()]
        self._subchannels = {}
        await asyncio.gather(*stopping, *self._leaving)
        self._refresh()

    def pick(self) -> DialedConnection | None:
        """The next connection in turn, None when none is ready."""
        ready = self._ready
        for _ in range(len(ready)):
            self._turn += 1
            connection = ready[self._turn % len(ready)]
            if connection.open:
                return connection
        return None

    async def wait(self) -> DialedConnection:
        """The next connection; waits while one is being made that has not failed yet.

        Raises NowhereToGo when every address is failing. The caller bounds the wait.
        """
        if self._task is None:
            self._task = asyncio.get_running_loop().create_task(
                self._follow(), name=f"resolve-{self._upstream}"
            )
        while True:
            if connection := self.pick():
                return connection
            if self._hopeless():
                raise NowhereToGo(self._reason())
            if self._changed is None:
                self._changed = asyncio.get_running_loop().create_future()
            await asyncio.shield(self._changed)

    def _hopeless(self) -> bool:
        states = [subchannel.state for subchannel in self._subchannels.values()]
        return bool(self._failure) if not states else all(state is State.FAILED for state in states)

    def _reason(self) -> str:
        reasons = [subchannel.failure for subchannel in self._subchannels.values()]
        return f"{self._upstream}: {'; '.join(reasons[:3]) or self._failure}"

    async def _follow(self) -> None:
        """Looks the addresses up, for ever when they can change."""
        while True:
            try:
                self._update(await self._resolver.resolve())
                self._failure = ""
            except OSError as error:
                self._failure = f"cannot be resolved: {error}"
                log.debug("upstream not resolved", upstream=self._upstream, reason=str(error))
                self._refresh()
            if self._resolver.fixed:
                return
            await asyncio.sleep(self._resolve_every_s)

    def _update(self, addresses: list[Address]) -> None:
        for address in addresses:
            if address not in self._subchannels:
                subchannel = Subchannel(self._upstream, address, self._resolver.authority, self._refresh)
                self._subchannels[address] = subchannel
                subchannel.start()
        for address in [known for known in self._subchannels if known not in addresses]:
            gone = asyncio.create_task(self._subchannels.pop(address).stop(_GONE_GRACE_S))
            self._leaving.add(gone)
            gone.add_done_callback(self._leaving.discard)
        self._refresh()

    def _refresh(self) -> None:
        connections = [subchannel.connection for subchannel in self._subchannels.values()]
        self._ready = [connection for connection in connections if connection is not None]
        if self._changed is not None:
            self._changed.set_result(None)
            self._changed = None


# A replica that is no longer listed may still be answering.
_GONE_GRACE_S: Final = 30.0
