"""A shop in a namespace of a cluster, as a run breaks it: its pods, its rollouts, its stand-ins."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path
from typing import Final

import httpx2

from local.chaos import books
from local.chaos.faults import CONTROL_TIMEOUT_S, Outside
from local.chaos.kinds import Field, Strike, group
from local.chaos.mesh import Fault
from local.cluster.forwarding import forwards
from local.cluster.kube import kubectl_output
from local.cluster.pods import Pod, pods
from local.cluster.relay import free_ports, relays
from local.errors import LocalError

EDGE: Final = ("gateway", 8080)
LEDGER_PORT: Final = 8080
RELAYS: Final = 2
ROLLED_OUT: Final = "120s"
READY_POLL_S: Final = 1.0
WITHOUT_GRACE: Final = ("--grace-period=0", "--force", "--wait=false")


class InCluster:
    """The shop of one namespace, with loopback ports that lead to its gateway."""

    def __init__(self, kubectl: Path, namespace: str, edge: list[int]) -> None:
        self.kubectl = kubectl
        self.namespace = namespace
        self._edge = edge

    async def field(self) -> Field:
        """Each pod by its chart's name and a number; what can't be done to a pod from outside is left out."""
        found = await self.pods()
        seen: Counter[str] = Counter()
        names = []
        for pod in found:
            seen[pod.app] += 1
            names.append(f"{pod.app}-{seen[pod.app]}" if pod.maker == "ReplicaSet" else pod.app)
        if EDGE[0] not in seen:
            raise LocalError(f"namespace {self.namespace!r} has no gateway: is the shop installed there?")
        return Field(processes=names, can=frozenset(FAULTS))

    def gateways(self) -> list[str]:
        """The relays' ports."""
        return [f"http://127.0.0.1:{port}" for port in self._edge]

    def fault(self, strike: Strike) -> Fault:
        """By this file's table."""
        return FAULTS[strike.kind](self, strike)

    async def unready(self, deadline_s: float) -> list[str]:
        """Pods that are not ready."""
        loop = asyncio.get_running_loop()
        until = loop.time() + deadline_s
        while True:
            names = [pod.name for pod in await self.pods() if not pod.ready]
            if not names or loop.time() > until:
                return names
            await asyncio.sleep(READY_POLL_S)

    def audit(self) -> books.Books:
        """Of the namespace's books."""
        return books.audit("--namespace", self.namespace)

    async def pods(self, app: str = "") -> list[Pod]:
        """The pods that are there now."""
        return list(await asyncio.to_thread(pods, self.kubectl, self.namespace, app))

    async def do(self, *words: str) -> None:
        """kubectl in the namespace; LocalError when it fails."""
        command = partial(kubectl_output, self.kubectl, "-n", self.namespace, *words, deadline_s=150)
        await asyncio.to_thread(command)


@asynccontextmanager
async def in_cluster(kubectl: Path, namespace: str) -> AsyncIterator[InCluster]:
    """The shop in `namespace` of the cluster of KUBECONFIG."""
    edge = free_ports(RELAYS)
    async with relays(kubectl, namespace, *EDGE, edge):
        yield InCluster(kubectl, namespace, edge)


class _PodFault:
    """Something with the pods behind one name."""

    def __init__(self, mesh: InCluster, strike: Strike) -> None:
        self.mesh = mesh
        self.app = group(strike.target)
        self.number = int(strike.target.removeprefix(self.app).removeprefix("-") or 1)
        self.kind = "deployment" if strike.target != self.app else "statefulset"


class KillPod(_PodFault):
    """A pod is taken away at once, without a word to it, as when its node dies."""

    async def inject(self) -> None:
        """The pod with this number, or the last one when there are fewer now."""
        found = await self.mesh.pods(self.app)
        if not found:
            raise LocalError(f"{self.app} has no pod to kill")
        await self.mesh.do("delete", "pod", found[min(self.number, len(found)) - 1].name, *WITHOUT_GRACE)

    async def undo(self) -> None:
        """The cluster's business."""


class Rollout(_PodFault):
    """Every pod of a service or store is replaced in an orderly way."""

    async def inject(self) -> None:
        """Begins it."""
        await self.mesh.do("rollout", "restart", f"{self.kind}/{self.app}")

    async def undo(self) -> None:
        """Waits until it is through."""
        await self.mesh.do("rollout", "status", f"{self.kind}/{self.app}", f"--timeout={ROLLED_OUT}")


class StandIn(_PodFault):
    """A stand-in's own fault injection."""

    def __init__(self, mesh: InCluster, strike: Strike) -> None:
        super().__init__(mesh, strike)
        self._plan = Outside.PLANS[strike.amount]

    async def inject(self) -> None:
        """Tells it what to do."""
        await asyncio.to_thread(self._tell, self._plan)

    async def undo(self) -> None:
        """Tells it to stop that."""
        await asyncio.to_thread(self._tell, {})

    def _tell(self, plan: Mapping[str, object]) -> None:
        with forwards(self.mesh.kubectl, self.mesh.namespace, {self.app: LEDGER_PORT}) as addresses:
            url = f"http://{addresses[self.app]}/_control"
            try:
                httpx2.post(url, json=plan, timeout=CONTROL_TIMEOUT_S).raise_for_status()
            except httpx2.HTTPError as error:
                raise LocalError(f"{self.app} does not take its faults: {error!r}") from error


FAULTS: Final[Mapping[str, Callable[[InCluster, Strike], Fault]]] = {
    "kill": KillPod,
    "restart": Rollout,
    "outside-slow": StandIn,
    "outside-errors": StandIn,
}
