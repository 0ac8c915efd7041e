"""A loopback port that leads to some ready pod, and to another one when that is gone."""

from __future__ import annotations

import asyncio
import socket
import subprocess
from collections.abc import AsyncIterator
from contextlib import ExitStack, asynccontextmanager, suppress
from pathlib import Path
from typing import Final

from local.cluster.pods import pods
from local.errors import LocalError

LOOK_EVERY_S: Final = 0.5
STOP_S: Final = 5.0


class Relay:
    """`kubectl port-forward` to the `number`th ready pod of an app, begun anew whenever that pod is no longer ready.

    kubectl itself stays with one pod, and keeps its port open when that pod is gone.
    """

    def __init__(self, kubectl: Path, namespace: str, app: str, ports: tuple[int, int], number: int) -> None:
        self._kubectl, self._namespace, self._app, self._number = kubectl, namespace, app, number
        self._local, self._remote = ports
        self._pod = ""
        self._process: asyncio.subprocess.Process | None = None

    async def keep(self) -> None:
        """For ever; a cluster that does not answer for a while is asked again."""
        try:
            while True:
                with suppress(LocalError):
                    await self._look()
                await asyncio.sleep(LOOK_EVERY_S)
        finally:
            await self._stop()

    async def _look(self) -> None:
        found = await asyncio.to_thread(pods, self._kubectl, self._namespace, self._app)
        ready = [pod.name for pod in found if pod.ready]
        if self._process and self._process.returncode is None and self._pod in ready:
            return
        await self._stop()
        if ready:
            self._pod = ready[self._number % len(ready)]
            ports = f"{self._local}:{self._remote}"
            self._process = await asyncio.create_subprocess_exec(
                str(self._kubectl),
                *("-n", self._namespace, "port-forward", f"pod/{self._pod}", ports),
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
            )

    async def _stop(self) -> None:
        process, self._process = self._process, None
        if process is None or process.returncode is not None:
            return
        process.terminate()
        try:
            async with asyncio.timeout(STOP_S):
                await process.wait()
        except TimeoutError:
            process.kill()
            await process.wait()


def free_ports(count: int) -> list[int]:
    """Loopback ports that nobody listens on now, all different."""
    with ExitStack() as stack:
        sockets = [stack.enter_context(socket.create_server(("127.0.0.1", 0))) for _ in range(count)]
        return [int(each.getsockname()[1]) for each in sockets]


@asynccontextmanager
async def relays(kubectl: Path, namespace: str, app: str, port: int, local: list[int]) -> AsyncIterator[None]:
    """One on each of these local ports, for as long as the context lasts."""
    made = [Relay(kubectl, namespace, app, (here, port), number) for number, here in enumerate(local)]
    tasks = [asyncio.create_task(relay.keep(), name=f"relay to {app}") for relay in made]
    try:
        yield
    finally:  # no task group: that would wrap the caller's own error, whose sentence a person is to read
        for task in tasks:
            task.cancel()
        ends = await asyncio.gather(*tasks, return_exceptions=True)
    for end in ends:
        if not isinstance(end, asyncio.CancelledError):
            raise LocalError(f"a relay to {app} ended by itself: {end!r}")
