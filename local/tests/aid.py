"""What several tests use: waiting with a limit, fake processes, free port bases."""

from __future__ import annotations

import asyncio
import os
import sys
import time
from collections.abc import Callable
from pathlib import Path

import psutil

from local.ports import is_free
from local.supervision.spec import NotReadyError, ProcessSpec
from local.topology import PORT_SPAN

FAKE = Path(__file__).parent / "fake_process.py"
LIMIT_S = 15.0


async def eventually(condition: Callable[[], bool], what: str, limit_s: float = LIMIT_S) -> None:
    """Waits until the condition holds; fails with `what` when it does not come to pass in time."""
    end = time.monotonic() + limit_s
    while not condition():
        assert time.monotonic() < end, f"never: {what}"
        await asyncio.sleep(0.01)


def fake(name: str, folder: Path, *words: str, **settings: object) -> ProcessSpec:
    """A spec of `fake_process.py`; it is ready when it has written `<name>.ready`."""
    ready = folder / f"{name}.ready"

    async def probe() -> None:
        if not ready.exists():
            raise NotReadyError("has not written its file")

    values: dict[str, object] = {"kind": "service", "stop_grace_s": 5.0} | settings
    return ProcessSpec(
        name=name,
        command=(sys.executable, "-S", str(FAKE), str(folder), name, *words),
        environment={"PATH": os.defpath},
        directory=folder,
        probe=probe,
        **values,  # type: ignore[arg-type]
    )


def lines(path: Path) -> list[str]:
    """The lines of a file that may not exist yet."""
    return path.read_text().split() if path.exists() else []


def alive(pid: int) -> bool:
    """Whether a process still runs; one that only waits to be reaped does not."""
    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def free_port_base() -> int:
    """A port base whose ports are free now, below those that the system hands out by itself."""
    start = 10_000 + os.getpid() % 40 * PORT_SPAN
    candidates: list[int] = [*range(start, 31_000, PORT_SPAN), *range(10_000, start, PORT_SPAN)]
    for base in candidates:
        if all(is_free(port) for port in range(base + 80, base + 300)):
            return base
    raise AssertionError("no free block of ports")
