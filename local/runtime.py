"""The life of one supervisor process: lock, control socket, up, then watch until a signal or `down` ends it."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
from collections.abc import AsyncIterator, Callable, Coroutine, Mapping
from typing import Any

from local.control.server import Command, ControlServer
from local.errors import LocalError, from_os_error
from local.home import Home
from local.mesh import Mesh
from local.options import Options
from local.progress import Progress
from local.seeding.people import staff_note
from local.seeding.step import carry_out, plan
from local.supervision.children import use_pidfd
from local.topology import address

AFTER_FAILURE_S = 3.0
"""How long a failed supervisor still answers, so that whoever follows its progress learns why."""


Show = Callable[["Runtime"], Coroutine[Any, Any, None]]
"""Tells a person how it goes; ends by itself after `stopped` is set."""


class Runtime:
    """Runs one mesh in this process."""

    def __init__(self, home: Home, options: Options, *, followed: bool) -> None:
        self.progress = Progress()
        self.mesh = Mesh(home, options, self.progress)
        self._followed = followed
        self.ending = asyncio.Event()
        """Set when the end has begun."""
        self.stopped = asyncio.Event()
        """Set when nothing runs any more."""
        self._seen_end = asyncio.Event()
        self._signals = 0

    async def run(self, show: Show | None = None) -> int:
        """Until it is told to end; returns the exit code. `show` runs beside it, to tell a person how it goes."""
        async with self._control():
            watching = asyncio.create_task(show(self)) if show else None
            loop = asyncio.get_running_loop()
            for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
                loop.add_signal_handler(number, self._on_signal)
            try:
                code = await self._up_and_watch()
            finally:
                self.ending.set()
                await self.mesh.down()
                self.stopped.set()
            if watching is not None:
                await watching
            elif code and self._followed:
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(self._seen_end.wait(), AFTER_FAILURE_S)
            return code

    async def _up_and_watch(self) -> int:
        rising = asyncio.create_task(self._up())
        ending = asyncio.create_task(self.ending.wait())
        await asyncio.wait({rising, ending}, return_when=asyncio.FIRST_COMPLETED)
        if not rising.done():
            rising.cancel()
            await asyncio.gather(rising, return_exceptions=True)
            self.progress.finish("stopped before it was up")
            ending.cancel()
            return 130
        error = rising.exception()
        if error is None:
            self.progress.finish()
            await ending
            return 0
        ending.cancel()
        if isinstance(error, OSError):
            error = from_os_error(error)
        self.progress.finish(str(error))
        if not isinstance(error, LocalError):
            raise error
        return 1

    async def _up(self) -> None:
        self.mesh.check()
        await self.mesh.up()
        await self._seed()

    async def _seed(self) -> None:
        options, data = self.mesh.options, self.mesh.home.data
        todo = plan(data, options.services, os.environ, again=False)
        if not todo.services:
            return
        with self.progress.step("seed", "seed"):
            addresses = {name: address(name, "grpc", options.port_base) for name in todo.services}
            await carry_out(todo, addresses, data)
        if todo.staff and todo.staff.generated:
            self.progress.notes.append(staff_note(todo.staff))

    def _on_signal(self) -> None:
        self._signals += 1
        self.ending.set()
        if self._signals > 1:
            self.mesh.supervisor.kill_all()

    @contextlib.asynccontextmanager
    async def _control(self) -> AsyncIterator[None]:
        server = ControlServer(self.mesh.home.socket, self._commands())
        await server.start()
        try:
            yield
        finally:
            await server.stop()

    def _commands(self) -> dict[str, Command]:
        mesh = self.mesh

        async def progress(_: Mapping[str, Any]) -> dict[str, Any]:
            snapshot = self.progress.snapshot()
            if snapshot["outcome"]:
                self._seen_end.set()
            return snapshot

        async def status(_: Mapping[str, Any]) -> dict[str, Any]:
            return await mesh.status()

        async def start(request: Mapping[str, Any]) -> None:
            await mesh.start(request["name"])

        async def stop(request: Mapping[str, Any]) -> None:
            await mesh.stop(request["name"])

        async def restart(request: Mapping[str, Any]) -> None:
            await mesh.restart(request["name"], request.get("clock_offset_s"))

        async def scale(request: Mapping[str, Any]) -> None:
            await mesh.scale(request["name"], request["count"])

        async def down(_: Mapping[str, Any]) -> None:
            self.ending.set()
            await self.stopped.wait()

        return {
            "progress": progress,
            "status": status,
            "start": start,
            "stop": stop,
            "restart": restart,
            "scale": scale,
            "down": down,
        }


async def supervise(home: Home, options: Options, show: Show | None = None) -> int:
    """Takes the home's lock and runs a mesh in it until told to end; returns the exit code."""
    use_pidfd()
    with home.locked():
        return await Runtime(home, options, followed=show is None).run(show)
