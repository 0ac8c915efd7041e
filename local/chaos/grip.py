"""A hold on a running mesh: its processes by id, its supervisor, its links."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Sequence
from contextlib import suppress
from typing import Any, Final

import psutil

from local import topology
from local.chaos.kinds import Field
from local.control.client import ask
from local.errors import LocalError
from local.home import Home
from local.links.client import LinksClient
from local.secrets import Secrets

READY_POLL_S: Final = 0.2
Json = dict[str, Any]


class Grip:
    """The mesh of one home."""

    def __init__(self, home: Home, status: Json) -> None:
        self.home = home
        self.secrets = Secrets(home.secrets_file)
        self._rows: dict[str, Json] = {row["name"]: row for row in status["processes"]}
        proxy = self._rows.get(topology.PROXY)
        self.links = LinksClient(proxy["addresses"]["http"]) if proxy else None

    @classmethod
    async def take(cls, home: Home) -> Grip:
        """Of the mesh that runs there; NotRunningError when none does."""
        return cls(home, await asyncio.to_thread(ask, home, "status"))

    async def field(self) -> Field:
        """What there is to strike at. Replicas are all numbered, because a service's name means all of them."""
        names = [
            f"{name}-1" if row["kind"] == "service" and name == row["group"] else name
            for name, row in self._rows.items()
            if row["kind"] != "chaos"
        ]
        return Field(processes=names, links=await self.links.names() if self.links else ())

    def address(self, process: str, port: str) -> str:
        """`host:port` of one port."""
        return str(self._rows[process]["addresses"][port])

    def gateways(self) -> list[str]:
        """The base URL of each replica of the gateway."""
        rows = [row for row in self._rows.values() if row["group"] == "gateway"]
        return [f"http://{row['addresses']['http']}" for row in rows]

    async def ask(self, do: str, **arguments: Any) -> Any:
        """Asks the supervisor; LocalError with its sentence when it refuses."""
        return await asyncio.to_thread(ask, self.home, do, **arguments)

    async def pids(self, name: str) -> list[int]:
        """The living processes behind one name, the supervisor's own child first."""
        status = await self.ask("status")
        group, replica = topology.split_name(name)
        process = topology.process_name(group, replica or 0)
        pids = next(row["pids"] for row in status["processes"] if row["name"] == process)
        if not pids:
            return []
        with suppress(psutil.NoSuchProcess):
            if psutil.Process(pids[0]).ppid() == status["supervisor_pid"]:
                return [int(pid) for pid in pids]
        return []

    @staticmethod
    async def signal(pids: Sequence[int], number: int) -> None:
        """Sends a signal; a process that has gone meanwhile is none to send to."""
        for pid in pids:
            with suppress(ProcessLookupError):
                os.kill(pid, number)

    async def unready(self, deadline_s: float, among: Sequence[str] = ()) -> list[str]:
        """Waits until every process, or those named, is ready; the names of those that are not by then."""
        loop = asyncio.get_running_loop()
        until = loop.time() + deadline_s
        while True:
            status = await self.ask("status")
            rows = [row for row in status["processes"] if not among or row["name"] in among]
            names = [row["name"] for row in rows if row["state"] != "ready"]
            if not names or loop.time() > until:
                return names
            await asyncio.sleep(READY_POLL_S)

    def proxy(self) -> LinksClient:
        """The links; LocalError in a mesh without."""
        if self.links is None:
            raise LocalError("this mesh has no faulty links")
        return self.links

    async def close(self) -> None:
        """Lets go."""
        if self.links is not None:
            await self.links.close()
