"""What `doctor` looks at. Each check is a function that returns good news or raises LocalError with what to do."""

from __future__ import annotations

import platform
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import psutil

from local import topology
from local.builds import tools
from local.builds.recipe import tool_version
from local.errors import LocalError
from local.home import Home
from local.ports import check_free
from local.stores import account, nats, redis

FIRST_START_BYTES = 3 * 2**30
"""Packages of four languages, builds and databases."""
MESH_MEMORY_BYTES = 2 * 2**30
LEAST_PROCESSORS = 2


@dataclass(frozen=True, slots=True)
class Finding:
    """One line of the report."""

    what: str
    state: Literal["ok", "warning", "problem"]
    text: str


class DoubtError(LocalError):
    """Not good, but it may work."""


def examine(home: Home, base: int) -> list[Finding]:
    """All checks, in the order in which they would hurt."""
    checks: list[tuple[str, Callable[[], str]]] = [
        ("system", _system),
        ("python", _python),
        ("go", lambda: tool_version([tools.go(), "version"])),
        ("java", lambda: tool_version([tools.checked_java(), "-version"])),
        ("maven", lambda: tool_version([tools.maven(), "-version"])),
        ("node", lambda: tool_version([tools.node(), "--version"])),
        ("postgres", _postgres),
        ("nats", lambda: tool_version([str(nats.binary()), "--version"])),
        ("redis", lambda: tool_version([str(redis.binary()), "--version"])),
        ("home", lambda: _home(home)),
        ("disk", lambda: _disk(home)),
        ("memory", _memory),
        ("ports", lambda: _ports(home, base)),
    ]
    return [_run(what, check) for what, check in checks]


def _run(what: str, check: Callable[[], str]) -> Finding:
    try:
        text = check()
    except DoubtError as doubt:
        return Finding(what, "warning", str(doubt))
    except LocalError as error:
        return Finding(what, "problem", str(error))
    except (OSError, subprocess.SubprocessError) as error:
        return Finding(what, "problem", f"can't be checked: {error}")
    return Finding(what, "ok", text or "found, but it does not tell its version")


def _system() -> str:
    if not sys.platform.startswith("linux"):
        raise DoubtError(
            f"{platform.system()}: written for Linux; children may survive a killed supervisor here"
        )
    count = psutil.cpu_count() or 1
    if count < LEAST_PROCESSORS:
        raise DoubtError(f"one processor: {len(topology.SERVICES)} services will start slowly")
    return f"{platform.system()} {platform.machine()}, {count} processors"


def _python() -> str:
    return f"{platform.python_version()} in {sys.prefix}"


def _postgres() -> str:
    binary = account.server_binaries() / "postgres"
    user = account.server_user()
    return tool_version([str(binary), "--version"]) + (f", run as {user}" if user else "")


def _home(home: Home) -> str:
    pid = home.supervisor_pid()
    folder = next(path for path in (home.path, *home.path.parents) if path.exists())
    probe = folder / ".banyan-doctor"
    try:
        probe.touch()
        probe.unlink()
    except OSError as error:
        raise LocalError(
            f"{folder} can't be written ({error.strerror}): set BANYAN_HOME to another folder"
        ) from None
    return f"{home.path}" + (f", the mesh is running (pid {pid})" if pid else "")


def _disk(home: Home) -> str:
    folder: Path = next(path for path in (home.path, *home.path.parents) if path.exists())
    free = shutil.disk_usage(folder).free
    if free < FIRST_START_BYTES:
        raise DoubtError(f"{free / 2**30:.1f} GB free at {folder}: a first start takes about 3 GB")
    return f"{free / 2**30:.0f} GB free at {folder}"


def _memory() -> str:
    free = psutil.virtual_memory().available
    if free < MESH_MEMORY_BYTES:
        raise DoubtError(f"{free / 2**30:.1f} GB free: the whole mesh takes about 1.5 GB")
    return f"{free / 2**30:.1f} GB free"


def _ports(home: Home, base: int) -> str:
    if home.supervisor_pid() is not None:
        return "in use by the running mesh"
    wanted = {
        port: f"{name} {label}"
        for name in topology.all_names()
        for label, port in topology.ports(name, 0, base).items()
    }
    check_free(wanted)
    return f"{min(wanted)} to {max(wanted)} are free"
