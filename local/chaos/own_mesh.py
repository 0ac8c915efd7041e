"""A mesh for one run: two replicas of every service, faulty links, empty books; gone afterwards."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from local.errors import LocalError
from local.home import Home
from local.paths import ROOT

STAFF: Final = ("staff@banyan.test", "staff of the chaos mesh")
REPLICAS: Final = "all=2"
UP_DEADLINE_S: Final = 900.0


@contextmanager
def own_mesh(port_base: int, keep: Callable[[], bool]) -> Iterator[Home]:
    """Starts it and takes it down. Its folder, with logs and data, stays only when `keep` says so at the end."""
    folder = Path(tempfile.mkdtemp(prefix="banyan-chaos-"))
    folder.chmod(0o755)  # PostgreSQL's own account walks through it
    try:
        _banyan(
            folder, "up", "--detach", "--port-base", str(port_base), "--replicas", REPLICAS, "--faulty-links"
        )
        yield Home(folder)
    finally:
        _banyan(folder, "down")
        if not keep():
            shutil.rmtree(folder, ignore_errors=True)


def _banyan(folder: Path, *words: str) -> None:
    environment = {
        **os.environ,
        "BANYAN_HOME": str(folder),
        "NO_COLOR": "1",
        "BANYAN_STAFF_EMAIL": STAFF[0],
        "BANYAN_STAFF_PASSWORD": STAFF[1],
    }
    done = subprocess.run(
        [str(ROOT / "banyan"), *words],
        env=environment,
        capture_output=True,
        text=True,
        timeout=UP_DEADLINE_S,
        check=False,
    )
    if done.returncode != 0:
        raise LocalError(f"./banyan {words[0]} failed: {(done.stderr or done.stdout).strip()[-800:]}")
