"""The start of a mesh: stores, builds, migrations and processes, everything as early as what it needs allows."""

from __future__ import annotations

import asyncio
import os
from contextlib import ExitStack

from local import migrations, specs, topology
from local.builds import all as builds
from local.builds.recipe import Recipe, build
from local.home import Home
from local.links import toxiproxy
from local.options import Options
from local.progress import Progress
from local.secrets import Secrets
from local.stores import postgres, roles
from local.stores.databases import Databases
from local.supervision.spec import ProcessSpec
from local.supervision.supervisor import Supervisor
from local.topology import ServiceRow, process_name

READY_DEADLINE_S = 90.0
"""How long a process may take from its start until it is ready, on a slow machine that starts all at once."""
STARTS_PER_CPU = 3
"""More starts at once would only make all of them later."""
EDGE = "gateway"
TURN_S = 4.0
"""A process that is not ready by then waits on for something else than the processor: the next one may start."""


class BringUp:
    """Brings up what `options` ask for, once."""

    def __init__(
        self, home: Home, options: Options, secrets: Secrets, supervisor: Supervisor, progress: Progress
    ) -> None:
        self._home = home
        self._options = options
        self._secrets = secrets
        self._supervisor = supervisor
        self._progress = progress
        self._rows = [topology.service(name) for name in options.services]
        self._links_ready = asyncio.Event()
        self._up = {name: asyncio.Event() for name in options.services}
        self._databases: asyncio.Future[Databases] = asyncio.get_running_loop().create_future()
        self._slots = asyncio.Semaphore(STARTS_PER_CPU * (os.cpu_count() or 2))

    async def run(self) -> None:
        """Returns when everything is ready; raises the first error, with all the rest given up."""
        self._announce()
        names = self._options.services
        try:
            async with asyncio.TaskGroup() as group:
                for name in topology.stores_of(names):
                    group.create_task(self._postgres() if name == "postgres" else self._store(name))
                group.create_task(self._links())
                for stand_in in topology.stand_ins_of(names):
                    group.create_task(self._stand_in(stand_in))
                for row in sorted(self._rows, key=specs.depth):
                    group.create_task(self._service(row))
        except BaseExceptionGroup as errors:
            raise _first_cause(errors) from None
        finally:
            if self._databases.done() and not self._databases.cancelled():
                await self._databases.result().close()

    def _announce(self) -> None:
        names = self._options.services
        proxy = (topology.PROXY,) if self._options.faulty_links else ()
        for name in (*topology.stores_of(names), *topology.stand_ins_of(names), *proxy):
            self._progress.announce(name, name)
        for row in self._rows:
            for replica in range(self._options.replicas_of(row.name)):
                name = process_name(row.name, replica)
                self._progress.announce(name, name)

    async def _postgres(self) -> None:
        with self._progress.step("postgres", "postgres") as step:
            step.detail = "making the cluster"
            await postgres.create_cluster(self._home, self._secrets)
            step.detail = ""
            await self._start_store("postgres")
            step.detail = "roles and databases"
            owners = [row.name for row in self._rows if row.data_store == "postgres"]
            databases = await Databases.open(self._options.port_base, self._secrets, owners)
        self._databases.set_result(databases)

    async def _store(self, name: topology.Store) -> None:
        with self._progress.step(name, name):
            await self._start_store(name)

    async def _start_store(self, name: topology.Store) -> None:
        spec = specs.store_spec(name, self._home, self._secrets, self._options.port_base)
        self._supervisor.add(spec)
        await self._supervisor.start(name, READY_DEADLINE_S)

    async def _links(self) -> None:
        if self._options.faulty_links:
            await self._build(topology.PROXY, toxiproxy.recipe())
            await self._start_in_turn(toxiproxy.spec(self._home, self._options, specs.STAND_IN_TIER))
        self._links_ready.set()

    async def _stand_in(self, name: str) -> None:
        row = next(row for row in topology.STAND_INS if row.name == name)
        await self._start_in_turn(specs.stand_in_spec(row, self._home, self._options.port_base))

    async def _service(self, row: ServiceRow) -> None:
        async with asyncio.TaskGroup() as group:
            group.create_task(self._build(row.name, builds.recipe(row)))
            group.create_task(self._migrate(row))
            group.create_task(self._links_ready.wait())
        if row.name == EDGE:
            # It asks for signing keys at once: had it not found user, it would look again only seconds after all is ready.
            for upstream in row.upstreams:
                if upstream in self._up:
                    await self._up[upstream].wait()
        async with asyncio.TaskGroup() as group:
            for replica in range(self._options.replicas_of(row.name)):
                spec = specs.service_spec(row, replica, self._options, self._home, self._secrets)
                group.create_task(self._start_in_turn(spec))
        self._up[row.name].set()

    async def _build(self, name: str, recipe: Recipe | None) -> None:
        if recipe is not None:
            with self._progress.step(f"build {name}", f"build {name}") as step:
                if not await build(recipe, lambda text: self._progress.says(step.key, text)):
                    step.state = "skipped"

    async def _migrate(self, row: ServiceRow) -> None:
        if row.data_store != "postgres":
            return
        databases = await asyncio.shield(self._databases)
        key = f"migrate {row.name}"
        with self._progress.step(key, key) as step:
            password = roles.role_password(self._secrets, row.name)
            url = postgres.url(row.name, password, row.name, self._options.port_base)
            known = databases.marks.get(row.name, "")
            mark = await migrations.migrate(row.name, url, known, lambda text: self._progress.says(key, text))
            if mark is None:
                step.state = "skipped"
            else:
                await databases.remember(row.name, mark)

    async def _start_in_turn(self, spec: ProcessSpec) -> None:
        with ExitStack() as stack:
            async with self._slots:
                stack.enter_context(self._progress.step(spec.name, spec.name))
                self._supervisor.add(spec)
                start = asyncio.create_task(self._supervisor.start(spec.name, READY_DEADLINE_S))
                try:
                    await asyncio.wait({start}, timeout=TURN_S)
                except asyncio.CancelledError:
                    start.cancel()
                    raise
            await start


def _first_cause(errors: BaseExceptionGroup[BaseException]) -> BaseException:
    """The error that made the group fail, out of its nests."""
    first = errors.exceptions[0]
    return _first_cause(first) if isinstance(first, BaseExceptionGroup) else first
