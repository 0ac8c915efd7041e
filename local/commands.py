"""Runs a command to its end: output into a log file, the last line as progress, a failure as one sentence."""

from __future__ import annotations

import asyncio
import os
import signal
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path

from local.errors import LocalError
from local.supervision.parent_death import die_with_parent
from local.supervision.supervisor import telling_line

KEPT_LINES = 60
LINE_LIMIT = 1024 * 1024
NETWORK_WORDS = (
    "network",
    "enotfound",
    "econnrefused",
    "could not transfer artifact",
    "dial tcp",
    "no such host",
    "etimedout",
)
Says = Callable[[str], None]


class CommandFailedError(LocalError):
    """The command ended with another code than 0."""

    def __init__(self, text: str, code: int) -> None:
        super().__init__(text)
        self.code = code


def quiet(_: str) -> None:
    """Progress that nobody looks at."""


async def run(
    command: Sequence[str],
    what: str,
    *,
    directory: Path,
    environment: Mapping[str, str] | None = None,
    log: Path | None = None,
    says: Says = quiet,
    stdin: bytes = b"",
    fetches: bool = False,
    deadline_s: float = 900.0,
) -> list[str]:
    """Returns the last lines of output; LocalError when the command fails or takes longer than the deadline.

    `fetches` says that it may load packages, so that a failure may be the network's.
    """
    process = await asyncio.create_subprocess_exec(
        *command,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
        cwd=directory,
        env=dict(environment) if environment is not None else None,
        limit=LINE_LIMIT,
        process_group=0,
        preexec_fn=die_with_parent(),
    )
    lines: deque[str] = deque(maxlen=KEPT_LINES)
    try:
        async with asyncio.timeout(deadline_s):
            await _give(process, stdin)
            await _collect(process, lines, log, says, command)
            code = await process.wait()
    except TimeoutError:
        raise LocalError(f"{what} took longer than {deadline_s:g} s{_see(log)}") from None
    finally:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        await process.wait()
    if code != 0:
        raise CommandFailedError(f"{what} failed: {reason(list(lines), fetches=fetches)}{_see(log)}", code)
    return list(lines)


async def _give(process: asyncio.subprocess.Process, text: bytes) -> None:
    """Small inputs only: they must fit into the pipe."""
    assert process.stdin is not None
    with suppress(BrokenPipeError, ConnectionResetError):
        process.stdin.write(text)
        await process.stdin.drain()
    process.stdin.close()


async def _collect(
    process: asyncio.subprocess.Process,
    lines: deque[str],
    log: Path | None,
    says: Says,
    command: Sequence[str],
) -> None:
    assert process.stdout is not None
    file = log.open("ab") if log else None
    try:
        if file:
            file.write(f"$ {' '.join(command)}\n".encode())
        async for raw in process.stdout:
            if file:
                file.write(raw)
            line = raw.decode("utf-8", "replace").rstrip()
            if line:
                lines.append(line)
                says(line)
    finally:
        if file:
            file.close()


def _see(log: Path | None) -> str:
    return f" (all of it: {log})" if log else ""


def reason(lines: list[str], *, fetches: bool = False) -> str:
    """What a failed tool wanted to say, in one line."""
    text = "\n".join(lines).lower()
    if "no space left" in text or "enospc" in text:
        return "the disk is full, free some space and run this again"
    line = telling_line(lines).strip() or "it said nothing"
    if fetches and any(word in text for word in NETWORK_WORDS):
        return f"a package registry cannot be reached, check the network or the mirror's settings: {line}"
    return line
