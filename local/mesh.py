"""One running copy of the mesh: brings everything up in parallel, and does what `status`, `start`, `scale` … ask for."""

from __future__ import annotations

import asyncio
import os
import shutil
from dataclasses import replace
from typing import Any

from local import migrations, specs, topology
from local.builds import all as builds
from local.builds.recipe import build
from local.errors import LocalError
from local.home import Home
from local.options import Options
from local.ports import check_free
from local.progress import Progress
from local.secrets import Secrets
from local.stores import postgres, roles
from local.stores.databases import Databases
from local.supervision.supervisor import ProcessStatus, Supervisor
from local.topology import ServiceRow, process_name

READY_DEADLINE_S = 90.0
"""How long a process may take from its start until it is ready, on a slow machine that starts all at once."""
LEAST_FREE_BYTES = 200 * 1024 * 1024
TURN_S = 4.0
STARTS_PER_CPU = 3
"""More starts at once would only make all of them later."""


class Mesh:
    """What runs in one home, and how it got there."""

    def __init__(self, home: Home, options: Options, progress: Progress) -> None:
        self.home = home
        self.options = options
        self.progress = progress
        self.secrets = Secrets(home.secrets_file)
        self.supervisor = Supervisor(home.logs)
        self.rows = [topology.service(name) for name in options.services]
        self._databases: asyncio.Future[Databases] | None = None
        self._slots = asyncio.Semaphore(STARTS_PER_CPU * (os.cpu_count() or 2))

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
        return {
            port: f"{process_name(name, replica)} {label}"
            for name, count in rows
            for replica in range(count)
            for label, port in topology.ports(name, replica, self.options.port_base).items()
        }

    async def up(self) -> None:
        """Starts everything; raises LocalError for the first thing that fails."""
        self._announce()
        self._databases = asyncio.get_running_loop().create_future()
        names = self.options.services
        stores = topology.stores_of(names)
        try:
            async with asyncio.TaskGroup() as group:
                for name in stores:
                    group.create_task(self._postgres() if name == "postgres" else self._store(name))
                for stand_in in topology.stand_ins_of(names):
                    group.create_task(self._stand_in(stand_in))
                for row in sorted(self.rows, key=specs.depth):
                    group.create_task(self._service(row))
        except BaseExceptionGroup as errors:
            raise _first_cause(errors) from None
        finally:
            if self._databases.done() and not self._databases.cancelled() and not self._databases.exception():
                await self._databases.result().close()

    def _announce(self) -> None:
        names = self.options.services
        for name in (*topology.stores_of(names), *topology.stand_ins_of(names)):
            self.progress.announce(name, name)
        for row in self.rows:
            for replica in range(self.options.replicas_of(row.name)):
                name = process_name(row.name, replica)
                self.progress.announce(name, name)

    async def _postgres(self) -> None:
        assert self._databases is not None
        with self.progress.step("postgres", "postgres") as step:
            step.detail = "making the cluster"
            await postgres.create_cluster(self.home, self.secrets)
            step.detail = ""
            await self._start_store("postgres")
            step.detail = "roles and databases"
            owners = [row.name for row in self.rows if row.data_store == "postgres"]
            databases = await Databases.open(self.options.port_base, self.secrets, owners)
        self._databases.set_result(databases)

    async def _store(self, name: topology.Store) -> None:
        with self.progress.step(name, name):
            await self._start_store(name)

    async def _start_store(self, name: topology.Store) -> None:
        spec = specs.store_spec(name, self.home, self.secrets, self.options.port_base)
        self.supervisor.add(spec)
        await self.supervisor.start(name, READY_DEADLINE_S)

    async def _stand_in(self, name: str) -> None:
        row = next(row for row in topology.STAND_INS if row.name == name)
        with self.progress.step(name, name):
            self.supervisor.add(specs.stand_in_spec(row, self.home, self.options.port_base))
            await self._start_in_turn(name)

    async def _service(self, row: ServiceRow) -> None:
        async with asyncio.TaskGroup() as group:
            group.create_task(self._build(row))
            group.create_task(self._migrate(row))
        async with asyncio.TaskGroup() as group:
            for replica in range(self.options.replicas_of(row.name)):
                group.create_task(self._replica(row, replica))

    async def _build(self, row: ServiceRow) -> None:
        recipe = builds.recipe(row)
        if recipe is not None:
            with self.progress.step(f"build {row.name}", f"build {row.name}") as step:
                if not await build(recipe, lambda text: self.progress.says(step.key, text)):
                    step.state = "skipped"

    async def _migrate(self, row: ServiceRow) -> None:
        if row.data_store != "postgres":
            return
        assert self._databases is not None
        databases = await asyncio.shield(self._databases)
        key = f"migrate {row.name}"
        with self.progress.step(key, key) as step:
            password = roles.role_password(self.secrets, row.name)
            url = postgres.url(row.name, password, row.name, self.options.port_base)
            known = databases.marks.get(row.name, "")
            mark = await migrations.migrate(row.name, url, known, lambda text: self.progress.says(key, text))
            if mark is None:
                step.state = "skipped"
            else:
                await databases.remember(row.name, mark)

    async def _replica(self, row: ServiceRow, replica: int) -> None:
        name = process_name(row.name, replica)
        with self.progress.step(name, name):
            self.supervisor.add(specs.service_spec(row, replica, self.options, self.home, self.secrets))
            await self._start_in_turn(name)

    async def _start_in_turn(self, name: str) -> None:
        """Starts when few others are starting; one that waits for a neighbour does not keep the turn for long."""
        async with self._slots:
            start = asyncio.create_task(self.supervisor.start(name, READY_DEADLINE_S))
            try:
                await asyncio.wait({start}, timeout=TURN_S)
            except asyncio.CancelledError:
                start.cancel()
                raise
        await start

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

    async def restart(self, name: str) -> None:
        """Restarts what NAME means, one replica after the other."""
        for each in self.named(name):
            await self.supervisor.restart(each, READY_DEADLINE_S)

    async def scale(self, name: str, count: int) -> None:
        """Runs `count` replicas of a service; its callers restart one by one, since they hold a list of addresses."""
        row = topology.service(name)
        self.named(name)
        if not 1 <= count <= topology.MAX_REPLICAS:
            raise LocalError(f"{name} can have 1 to {topology.MAX_REPLICAS} replicas, not {count}")
        before = self.options.replicas_of(name)
        self.options = replace(self.options, replicas={**self.options.replicas, name: count})
        fresh = range(before, count)
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


def _first_cause(errors: BaseExceptionGroup[BaseException]) -> BaseException:
    """The error that made the group fail, out of its nests."""
    first = errors.exceptions[0]
    return _first_cause(first) if isinstance(first, BaseExceptionGroup) else first
