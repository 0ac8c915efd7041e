"""`./banyan chaos` that is told to end (SIGTERM, as a job's time limit does) takes its mesh down with it."""

from __future__ import annotations

import os
import signal
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import psutil
import pytest

from tests.support.eventually import eventually
from tests.support.mesh import ROOT, free_port_base

UP_DEADLINE_S: Final = 900.0  # the first one on a machine builds three services and the proxy
DOWN_DEADLINE_S: Final = 120.0


def processes_in(folder: Path) -> list[str]:
    """The command lines of all that runs out of a folder."""
    found = []
    for process in psutil.process_iter():
        try:
            told = (*process.cmdline(), *process.environ().values(), process.cwd())
        except (psutil.NoSuchProcess, psutil.AccessDenied, psutil.ZombieProcess):
            continue
        if any(str(folder) in each for each in told):
            found.append(" ".join(process.cmdline())[:200])
    return found


@pytest.fixture
def folder() -> Iterator[Path]:
    """One that PostgreSQL's own account can walk through, as it can't through pytest's."""
    with tempfile.TemporaryDirectory(prefix="banyan-test-", ignore_cleanup_errors=True) as made:
        path = Path(made)
        path.chmod(0o755)
        yield path


@pytest.mark.timeout(UP_DEADLINE_S + DOWN_DEADLINE_S + 60)
def test_no_process_of_its_mesh_is_left(folder: Path) -> None:
    words = ("--minutes", "5", "--port-base", str(free_port_base()), "--report", str(folder / "run.html"))
    with subprocess.Popen(
        [str(ROOT / "banyan"), "chaos", *words],
        cwd=ROOT,
        env={**os.environ, "NO_COLOR": "1", "TMPDIR": str(folder)},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        try:
            assert process.stderr is not None
            # The second line is the run's first: the mesh is up by then.
            told = [process.stderr.readline() for _ in range(2)]
            assert all(line.startswith("chaos: ") for line in told), told
            (home,) = folder.glob("banyan-chaos-*")
            assert len(processes_in(home)) > 20
            process.send_signal(signal.SIGTERM)
            assert process.wait(DOWN_DEADLINE_S) == 128 + signal.SIGTERM
            assert eventually(lambda: not processes_in(home)), processes_in(home)
        finally:
            process.kill()
