"""One running copy of the mesh, and what `up`, `status`, `start`, `scale` … do to it."""

from __future__ import annotations

import asyncio
import os
import shutil
from dataclasses import replace
from typing import Any

from local import specs, topology
from local.bringup import READY_DEADLINE_S, BringUp
from local.errors import LocalError
from local.home import Home
from local.links.table import links
from local.options import Options
from local.ports import check_free
from local.progress import Progress
from local.secrets import Secrets
from local.supervision.supervisor import ProcessStatus, Supervisor
from local.topology import process_name

CLOCK_OFFSET = "BANYAN_CLOCK_OFFSET_S"
LEAST_FREE_BYTES = 200 * 1024 * 1024


class Mesh:
    """What runs in one home, and how it got there."""

    def __init__(self, home: Home, options: Options, progress: Progress) -> None:
        self.home = home
        self.options = options
        self.progress = progress
        self.secrets = Secrets(home.secrets_file)
        self.supervisor = Supervisor(home.logs)
        self._scaling = asyncio.Lock()

    def check(self) -> None:
        """Everything that can be known to fail before anything starts."""
        free = shutil.disk_usage(self.home.path).free
        if free < LEAST_FREE_BYTES:
            raise LocalError(
                f"the disk of {self.home.path} is full ({free // 2**20} MB left): free some space first"
            )
        check_free(self._wanted_ports())

    def _wanted_ports(self) -> dict[int, str]:
        names = self.options.services
        rows = [(name, 1) for name in (*topology.stores_of(names), *topology.stand_ins_of(names))]
        rows += [(name, self.options.replicas_of(name)) for name in names]
        wanted = {
            port: purpose
            for name, count in rows
            for replica in range(count)
            for port, purpose in self._ports(name, replica).items()
        }
        if self.options.faulty_links:
            wanted |= self._ports(topology.PROXY, 0)
            wanted |= {int(link.listen.rpartition(":")[2]): link.name for link in links(self.options)}
        return wanted

    def _ports(self, name: str, replica: int) -> dict[int, str]:
        numbers = topology.ports(name, replica, self.options.port_base)
        return {port: f"{process_name(name, replica)} {label}" for label, port in numbers.items()}

    async def up(self) -> None:
        """Brings everything up; raises LocalError for the first thing that fails."""
        await BringUp(self.home, self.options, self.secrets, self.supervisor, self.progress).run()

    async def down(self) -> None:
        """Stops everything in reverse order."""
        await self.supervisor.stop_all()
        self.supervisor.close()

    async def status(self) -> dict[str, Any]:
        """What `status --json` prints."""
        gateway = topology.address("gateway", "http", self.options.port_base)
        return {
            "base_url": f"http://{gateway}",
            "logs": str(self.home.logs),
            "home": str(self.home.path),
            "port_base": self.options.port_base,
            "supervisor_pid": os.getpid(),
            "outcome": self.progress.outcome,
            "processes": sorted(await self.supervisor.status(), key=_table_order),
        }

    def named(self, name: str) -> list[str]:
        """The running copy's processes that a NAME means: all replicas, or the one that is named."""
        group, replica = topology.split_name(name)
        names = self.supervisor.names(group)
        if replica is not None:
            names = [each for each in names if each == process_name(group, replica)]
        if not names:
            known = [process.spec.name for process in self.supervisor.processes]
            raise LocalError(f"{name} is not part of this mesh, which has: {', '.join(known)}")
        return names

    async def start(self, name: str) -> None:
        """Starts what NAME means and waits until it is ready."""
        await asyncio.gather(*(self.supervisor.start(each, READY_DEADLINE_S) for each in self.named(name)))

    async def stop(self, name: str) -> None:
        """Stops what NAME means; it stays down until it is started."""
        await asyncio.gather(*(self.supervisor.stop(each) for each in self.named(name)))

    async def restart(self, name: str, clock_offset_s: float | None = None) -> None:
        """Restarts what NAME means, one replica after the other; with another clock when an offset is given."""
        for each in self.named(name):
            if clock_offset_s is not None:
                self._set_clock(each, clock_offset_s)
            await self.supervisor.restart(each, READY_DEADLINE_S)

    def _set_clock(self, name: str, offset_s: float) -> None:
        spec = self.supervisor.get(name).spec
        environment = {**spec.environment, CLOCK_OFFSET: f"{offset_s:g}"}
        self.supervisor.add(replace(spec, environment=environment))

    async def scale(self, name: str, count: int) -> None:
        """Runs `count` replicas of a service; its callers restart one by one, since they hold a list of addresses."""
        row = topology.service(name)
        self.named(name)
        if not 1 <= count <= topology.MAX_REPLICAS:
            raise LocalError(f"{name} can have 1 to {topology.MAX_REPLICAS} replicas, not {count}")
        if self.options.faulty_links:
            raise LocalError("a mesh with faulty links keeps its replicas: give them to `up --replicas`")
        async with self._scaling:
            await self._scale(row, count)

    async def _scale(self, row: topology.ServiceRow, count: int) -> None:
        name, before = row.name, self.options.replicas_of(row.name)
        fresh = range(before, count)
        check_free(
            {port: purpose for replica in fresh for port, purpose in self._ports(name, replica).items()}
        )
        self.options = replace(self.options, replicas={**self.options.replicas, name: count})
        for replica in fresh:
            self.supervisor.add(specs.service_spec(row, replica, self.options, self.home, self.secrets))
        starts = (self.supervisor.start(process_name(name, replica), READY_DEADLINE_S) for replica in fresh)
        await asyncio.gather(*starts)
        if count != before:
            await self._tell_callers(name)
        for replica in range(count, before):
            await self.supervisor.remove(process_name(name, replica))

    async def _tell_callers(self, name: str) -> None:
        callers = [
            topology.service(caller) for caller in topology.callers(name) if caller in self.options.services
        ]
        for caller in callers:
            for replica in range(self.options.replicas_of(caller.name)):
                self.supervisor.add(
                    specs.service_spec(caller, replica, self.options, self.home, self.secrets)
                )
                await self.supervisor.restart(process_name(caller.name, replica), READY_DEADLINE_S)


def _table_order(row: ProcessStatus) -> tuple[int, int]:
    group, replica = topology.split_name(row["name"])
    return topology.all_names().index(group), replica or 0
