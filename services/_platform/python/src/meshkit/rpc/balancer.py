"""Which connection the next call takes: all ready addresses in turn."""

from __future__ import annotations

import asyncio

from meshkit.logging import get_logger
from meshkit.rpc.dialing import DialedConnection
from meshkit.rpc.resolving import Resolving
from meshkit.rpc.subchannel import Address, State, Subchannel
from meshkit.rpc.timing import Timing

log = get_logger()


class NowhereToGo(Exception):
    """No address can take a call now."""


class Balancer:
    """Keeps a connection to every address that `resolver` names, from the first call on until it is stopped."""

    def __init__(self, upstream: str, resolver: Resolving, timing: Timing | None = None) -> None:
        self._upstream = upstream
        self._resolver = resolver
        self._timing = timing or Timing()
        self._subchannels: dict[Address, Subchannel] = {}
        self._ready: list[DialedConnection] = []
        self._turn = 0
        self._changed: asyncio.Future[None] | None = None
        self._task: asyncio.Task[None] | None = None
        self._failure = ""
        self._leaving: set[asyncio.Task[None]] = set()
        self._stopped = False

    async def stop(self, grace_s: float) -> None:
        """Lets calls under way end for `grace_s` seconds, then closes all connections."""
        self._stopped = True
        if self._task is not None:
            self._task.cancel()
            await asyncio.wait({self._task})
            self._task = None
        self._refresh()
        subchannels, self._subchannels = list(self._subchannels.values()), {}
        for subchannel in subchannels:
            self._let_go(subchannel, grace_s)
        if leaving := set(self._leaving):
            _, late = await asyncio.wait(leaving, timeout=grace_s + _MARGIN_S)
            for task in late:
                task.cancel()
            await asyncio.gather(*leaving, return_exceptions=True)

    def pick(self) -> DialedConnection | None:
        """The next connection in turn that takes a call at once, None when there is none.

        One that falls silent comes last: half of all calls would wait in vain for one of two replicas that hangs.
        """
        ready, silent = self._ready, None
        for _ in range(len(ready)):
            self._turn += 1
            connection = ready[self._turn % len(ready)]
            if connection.free:
                if len(ready) == 1 or not connection.falls_silent():
                    return connection
                silent = silent or connection
        return silent

    async def wait(self) -> DialedConnection:
        """The next connection, be it full; waits while one is being made that has not failed yet.

        Raises NowhereToGo when every address is failing. The caller bounds the wait.
        """
        while True:
            if self._stopped:
                raise NowhereToGo(f"{self._upstream}: the channel is closed")
            if self._task is None:
                self._task = asyncio.create_task(self._follow(), name=f"resolve-{self._upstream}")
            if connection := self.pick() or self._full():
                return connection
            if self._hopeless():
                raise NowhereToGo(self._reason())
            if self._changed is None:
                self._changed = asyncio.get_running_loop().create_future()
            await asyncio.shield(self._changed)

    def _full(self) -> DialedConnection | None:
        """One to queue up for."""
        still_open = [connection for connection in self._ready if connection.open]
        return still_open[self._turn % len(still_open)] if still_open else None

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
                addresses = await self._resolver.resolve()
            except (OSError, UnicodeError) as error:  # the latter for a name that no name can be
                self._failure = f"cannot be resolved: {error}"
                log.debug("upstream not resolved", upstream=self._upstream, reason=str(error))
                self._refresh()
            else:
                self._failure = "" if addresses else "has no address"
                self._update(addresses)
            if self._resolver.fixed:
                return
            await asyncio.sleep(self._timing.resolve_every_s)

    def _update(self, addresses: list[Address]) -> None:
        for address in addresses:
            if address not in self._subchannels:
                subchannel = Subchannel(
                    self._upstream, address, self._resolver.authority, self._timing, self._refresh
                )
                self._subchannels[address] = subchannel
                subchannel.start()
        for address in [known for known in self._subchannels if known not in addresses]:
            self._let_go(self._subchannels.pop(address), self._timing.gone_grace_s)
        self._refresh()

    def _let_go(self, subchannel: Subchannel, grace_s: float) -> None:
        gone = asyncio.create_task(subchannel.stop(grace_s), name=f"leave-{self._upstream}")
        self._leaving.add(gone)
        gone.add_done_callback(self._leaving.discard)

    def _refresh(self) -> None:
        connections = [subchannel.connection for subchannel in self._subchannels.values()]
        self._ready = [connection for connection in connections if connection is not None]
        if self._changed is not None:
            self._changed.set_result(None)
            self._changed = None


# Beyond the grace, for what was cut off to be closed.
_MARGIN_S = 1.5
