"""Runs kinds of tests, at most two commands at once (one in CI), and keeps what each one said."""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from local.builds.tools import build_environment
from local.commands import CommandFailedError, run
from local.errors import LocalError
from local.testing.counting import Counts, count
from local.testing.kinds import Command, Kind

AT_ONCE = 2
AT_ONCE_IN_CI = 1
"""Where nobody waits, tests of time-outs, races and drains get the machine for themselves."""


@dataclass(frozen=True, slots=True)
class Result:
    """How one command went."""

    kind: str
    command: str
    counts: Counts
    seconds: float
    lines: Sequence[str]
    """Its last lines of output."""
    log: Path

    @property
    def title(self) -> str:
        """kind, and the command where it says more."""
        return self.kind if self.command == self.kind else f"{self.kind}: {self.command}"


Told = Callable[[Result], None]


async def run_kinds(kinds: Sequence[Kind], logs: Path, told: Told) -> list[Result]:
    """Runs all their commands; those of kinds that need the same exclusive thing never at once, and those that need
    the whole machine alone at the end.
    """
    slots = asyncio.Semaphore(AT_ONCE_IN_CI if os.environ.get("CI") else AT_ONCE)
    mesh = asyncio.Lock()

    async def one(kind: Kind, command: Command) -> Result:
        if "mesh" in kind.needs:
            async with mesh, slots:
                result = await run_command(kind, command, logs)
        else:
            async with slots:
                result = await run_command(kind, command, logs)
        told(result)
        return result

    together = [kind for kind in kinds if "machine" not in kind.needs]
    results = list(await asyncio.gather(*(one(kind, each) for kind in together for each in kind.commands)))
    for kind in kinds:
        if "machine" in kind.needs:
            results += [await one(kind, command) for command in kind.commands]
    return results


async def run_command(kind: Kind, command: Command, logs: Path) -> Result:
    """Runs one command to its end; whatever goes wrong is a failed result, never an exception."""
    log = logs / f"{kind.name}-{command.name}.log".replace(" ", "-").replace("/", "-")
    log.unlink(missing_ok=True)
    began = time.monotonic()
    environment = (
        build_environment() | {"CI": os.environ.get("CI", "1"), "NO_COLOR": "1"} | command.environment
    )
    code, lines = 0, list[str]()
    try:
        await run(
            command.words(),
            kind.name,
            directory=command.directory,
            environment=environment,
            log=log,
            deadline_s=command.deadline_s,
        )
    except CommandFailedError as error:
        code = error.code
    except LocalError as error:
        code, lines = 1, [str(error)]
    if log.exists():
        lines = log.read_text(errors="replace").splitlines()[1:] + lines
    counts = count(command.counter, lines, code)
    return Result(kind.name, command.name, counts, time.monotonic() - began, lines[-40:], log)
