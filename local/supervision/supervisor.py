"""All supervised processes together: started by name, stopped in reverse order of their tiers, described for `status`."""

from __future__ import annotations

import asyncio
import time
from pathlib import Path
from typing import TypedDict

import psutil

from local.errors import LocalError
from local.supervision.process import ManagedProcess
from local.supervision.spec import ProcessSpec

GIVE_UP_DEATHS = 3
"""Deaths in a row without readiness after which a start counts as failed; restarts go on all the same."""


class ProcessStatus(TypedDict):
    """One row of `status --json`."""

    name: str
    kind: str
    group: str
    language: str
    store: str
    pids: list[int]
    addresses: dict[str, str]
    state: str
    reason: str
    restarts: int
    uptime_s: float


class Supervisor:
    """Owns the processes of one home."""

    def __init__(self, logs: Path) -> None:
        self._logs = logs
        self._processes: dict[str, ManagedProcess] = {}
        self._turn: dict[str, asyncio.Lock] = {}

    @property
    def processes(self) -> list[ManagedProcess]:
        """In the order they were added."""
        return list(self._processes.values())

    def get(self, name: str) -> ManagedProcess:
        """The process of exactly that name."""
        return self._processes[name]

    def names(self, group: str) -> list[str]:
        """The processes a group's name means, all its replicas."""
        return [name for name, process in self._processes.items() if (process.spec.group or name) == group]

    def add(self, spec: ProcessSpec) -> ManagedProcess:
        """Takes a process in, or replaces the description of one that is stopped."""
        known = self._processes.get(spec.name)
        if known is not None:
            known.spec = spec
            return known
        process = self._processes[spec.name] = ManagedProcess(spec, self._logs)
        self._turn[spec.name] = asyncio.Lock()
        return process

    async def remove(self, name: str) -> None:
        """Stops a process and forgets it."""
        await self.stop(name)
        self._processes.pop(name).close()

    async def start(self, name: str, deadline_s: float) -> None:
        """Starts it and waits until it is ready; LocalError with its last words when it will not be."""
        process = self._processes[name]
        async with self._turn[name]:
            process.start()
        began = time.monotonic()
        while not process.ready.is_set():
            left = deadline_s - (time.monotonic() - began)
            if left <= 0 or process.deaths_in_a_row >= GIVE_UP_DEATHS:
                raise LocalError(explain(process))
            await _first_of(process.ready, process.died, left)
            if not process.ready.is_set() and process.died.is_set():
                process.died.clear()

    async def stop(self, name: str) -> None:
        """Stops it; returns when it is gone."""
        async with self._turn[name]:
            await self._processes[name].stop()

    async def restart(self, name: str, deadline_s: float) -> None:
        """Stops it, starts it, waits until it is ready."""
        await self.stop(name)
        await self.start(name, deadline_s)

    async def stop_all(self) -> None:
        """Stops tier by tier, the highest first; bounded by the longest grace of each tier."""
        for tier in sorted({process.spec.tier for process in self.processes}, reverse=True):
            names = [process.spec.name for process in self.processes if process.spec.tier == tier]
            await asyncio.gather(*(self.stop(name) for name in names))

    def kill_all(self) -> None:
        """Kills everything at once, for the second Ctrl-C."""
        for process in self.processes:
            process.kill_now()

    async def status(self) -> list[ProcessStatus]:
        """Every process; those that are up are probed now, so that `unready` is today's truth."""
        return list(await asyncio.gather(*(describe(process) for process in self.processes)))

    def close(self) -> None:
        """Closes all log files."""
        for process in self.processes:
            process.close()


async def _first_of(first: asyncio.Event, second: asyncio.Event, seconds: float) -> None:
    tasks = [asyncio.create_task(event.wait()) for event in (first, second)]
    await asyncio.wait(tasks, timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


async def describe(process: ManagedProcess) -> ProcessStatus:
    """One row, with the process ids of its children too."""
    state, reason = process.state, process.reason
    if state == "ready":
        try:
            await process.spec.probe()
        except Exception as error:  # noqa: BLE001  whatever a probe raises means: not ready, and why
            state, reason = "unready", str(error) or type(error).__name__
    spec = process.spec
    return ProcessStatus(
        name=spec.name,
        kind=spec.kind,
        group=spec.group or spec.name,
        language=spec.language,
        store=spec.store,
        pids=family(process.pid),
        addresses=dict(spec.addresses),
        state=state,
        reason=reason,
        restarts=process.restarts,
        uptime_s=round(time.time() - process.started_at, 1) if process.pid else 0.0,
    )


def family(pid: int | None) -> list[int]:
    """A process and all its descendants; empty when it is gone."""
    if pid is None:
        return []
    try:
        return [pid, *(child.pid for child in psutil.Process(pid).children(recursive=True))]
    except psutil.NoSuchProcess:
        return []


def explain(process: ManagedProcess) -> str:
    """Why a process does not come up: how it ended or what it waits for, and its most telling line."""
    spec = process.spec
    text = f"{spec.name} does not start: {process.reason or 'it was not ready in time'}"
    line = telling_line(process.last_lines)
    if line:
        text += f"; it says: {line}"
    hint = spec.hint or f"see `./banyan logs {spec.name}`"
    return f"{text}; {hint}"


def telling_line(lines: list[str]) -> str:
    """The last line that speaks of an error, else the last one; shortened."""
    words = ("error", "fatal", "panic", "exception", "can't", "cannot", "required", "failed")
    errors = [line for line in lines if any(word in line.lower() for word in words)]
    line = (errors or lines or [""])[-1]
    return line if len(line) <= 300 else line[:297] + "..."
