"""`down`: stops everything; with --wipe, forgets all data."""

from __future__ import annotations

import os
import shutil
import signal
import time
from typing import Annotated

import typer

from local.control.client import ask
from local.errors import LocalError
from local.home import Home
from local.stores import account
from local.view.console import out

STOP_DEADLINE_S = 90.0
"""Longer than the graces of all tiers together."""
LOCK_DEADLINE_S = 10.0


def register(app: typer.Typer) -> None:
    """Adds the verb."""
    app.command()(down)


def down(
    wipe: Annotated[bool, typer.Option("--wipe", help="Also remove all data, logs and passwords.")] = False,
) -> int:
    """Stop everything that runs in this home."""
    home = Home.from_environment()
    pid = home.supervisor_pid()
    if pid is None:
        out.print("nothing is running")
    else:
        _stop(home, pid)
        out.print("stopped")
    if wipe:
        _wipe(home)
        out.print(f"removed the data of {home.path}", markup=False)
    return 0


def _stop(home: Home, pid: int) -> None:
    try:
        ask(home, "down", STOP_DEADLINE_S)
    except LocalError:  # starting, stopping, or hanging: a signal says the same
        _signal(pid, signal.SIGTERM)
    if _gone(home, LOCK_DEADLINE_S):
        return
    _signal(pid, signal.SIGKILL)  # its children die with it
    if not _gone(home, LOCK_DEADLINE_S):
        raise LocalError(f"the supervisor (pid {pid}) can't be stopped")


def _signal(pid: int, number: signal.Signals) -> None:
    try:
        os.kill(pid, number)
    except ProcessLookupError:
        return


def _gone(home: Home, seconds: float) -> bool:
    end = time.monotonic() + seconds
    while home.supervisor_pid() is not None:
        if time.monotonic() > end:
            return False
        time.sleep(0.02)
    return True


def _wipe(home: Home) -> None:
    cluster = account.data_folder(home.path)
    for folder in (cluster, home.data, home.logs, home.run):
        if folder.exists():
            shutil.rmtree(folder)
    if cluster.parent.parent == account.FALLBACK:
        cluster.parent.rmdir()
    home.secrets_file.unlink(missing_ok=True)
