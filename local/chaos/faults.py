"""How each kind of fault is done and undone, to processes, links and what lies outside."""

from __future__ import annotations

import signal
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from typing import Any, Final

import httpx2

from local.chaos.full_disk import FullNats, FullPostgres, FullRedis, Store
from local.chaos.grip import Grip
from local.chaos.kinds import Strike
from local.errors import LocalError

CONTROL_TIMEOUT_S: Final = 10.0


class Fault(ABC):
    """One strike at work. Both methods raise LocalError when the mesh does not do as it should."""

    def __init__(self, grip: Grip, strike: Strike) -> None:
        self.grip = grip
        self.target = strike.target
        self.amount = strike.amount

    @abstractmethod
    async def inject(self) -> None:
        """Begins; what it does lasts until `undo`."""

    @abstractmethod
    async def undo(self) -> None:
        """Ends; returns when what it needs for that is done."""


class Kill(Fault):
    """`kill -9` of the process alone: what it has started must find out by itself."""

    async def inject(self) -> None:
        pids = await self.grip.pids(self.target)
        if not pids:
            raise LocalError(f"{self.target} has no process to kill")
        await self.grip.signal(pids[:1], signal.SIGKILL)

    async def undo(self) -> None:
        """The supervisor's business."""


class Freeze(Fault):
    """SIGSTOP to the process and all it has started; the kernel still takes connections for it."""

    def __init__(self, grip: Grip, strike: Strike) -> None:
        super().__init__(grip, strike)
        self._frozen: list[int] = []

    async def inject(self) -> None:
        self._frozen = await self.grip.pids(self.target)
        await self.grip.signal(self._frozen, signal.SIGSTOP)

    async def undo(self) -> None:
        await self.grip.signal(self._frozen, signal.SIGCONT)


class Restart(Fault):
    """An orderly stop, and a start after a while."""

    async def inject(self) -> None:
        await self.grip.ask("stop", name=self.target)

    async def undo(self) -> None:
        await self.grip.ask("start", name=self.target)


class Clock(Fault):
    """All replicas of a service start again with a clock that is `amount` off, and later with the true one."""

    async def inject(self) -> None:
        offset_s = float(self.amount.removesuffix(" s"))
        await self.grip.ask("restart", name=self.target, clock_offset_s=offset_s)

    async def undo(self) -> None:
        await self.grip.ask("restart", name=self.target, clock_offset_s=0.0)


class LinkFault(Fault):
    """Something with a link, mended at the end."""

    async def undo(self) -> None:
        await self.grip.proxy().mend(self.target)


class Cut(LinkFault):
    """`refuse`: no connection; `reset`: RST on first use; `silence`: nothing arrives, nothing is closed."""

    async def inject(self) -> None:
        proxy = self.grip.proxy()
        if self.amount == "refuse":
            await proxy.refuse(self.target)
        elif self.amount == "reset":
            await proxy.poison(self.target, "reset_peer", "upstream", {"timeout": 0})
        else:
            await proxy.poison(self.target, "timeout", "upstream", {"timeout": 0})
            await proxy.poison(self.target, "timeout", "downstream", {"timeout": 0})


class Slow(LinkFault):
    """Answers come late, or a few bytes at a time."""

    async def inject(self) -> None:
        size, unit = self.amount.split()
        if unit == "ms":
            delay = {"latency": int(size), "jitter": int(size) // 4}
            await self.grip.proxy().poison(self.target, "latency", "downstream", delay)
        else:
            await self.grip.proxy().poison(self.target, "bandwidth", "downstream", {"rate": int(size)})


class LostAnswer(LinkFault):
    """Half of the connections swallow what comes back: a charge is taken, and the shop never hears of it."""

    async def inject(self) -> None:
        await self.grip.proxy().poison(self.target, "timeout", "downstream", {"timeout": 0}, share=0.5)


class Outside(Fault):
    """A stand-in's own fault injection."""

    PLANS: Final[Mapping[str, dict[str, Any]]] = {
        "500 ms": {"latency_ms": 500},
        "3000 ms": {"latency_ms": 3000},
        "half": {"error_rate": 0.5},
        "all": {"down": True},
    }

    async def inject(self) -> None:
        await self._tell(self.PLANS[self.amount])

    async def undo(self) -> None:
        await self._tell({})

    async def _tell(self, plan: dict[str, Any]) -> None:
        url = f"http://{self.grip.address(self.target, 'http')}/_control"
        try:
            async with httpx2.AsyncClient(timeout=CONTROL_TIMEOUT_S) as http:
                (await http.post(url, json=plan)).raise_for_status()
        except httpx2.HTTPError as error:
            raise LocalError(f"{self.target} does not take its faults: {error!r}") from error


class FullDisk(Fault):
    """A store that can write nothing more; what that is for each store, see `full_disk.py`."""

    def __init__(self, grip: Grip, strike: Strike) -> None:
        super().__init__(grip, strike)
        stores: Mapping[str, Callable[[Grip], Store]] = {
            "postgres": FullPostgres,
            "nats": FullNats,
            "redis": FullRedis,
        }
        self._store = stores[strike.target](grip)

    async def inject(self) -> None:
        await self._store.fill()

    async def undo(self) -> None:
        await self._store.free()


FAULTS: Final[Mapping[str, type[Fault]]] = {
    "kill": Kill,
    "freeze": Freeze,
    "restart": Restart,
    "cut": Cut,
    "slow": Slow,
    "lost-answer": LostAnswer,
    "outside-slow": Outside,
    "outside-errors": Outside,
    "full-disk": FullDisk,
    "clock": Clock,
}
