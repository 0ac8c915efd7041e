"""A mesh for one run: two replicas of every service, faulty links, empty books; gone afterwards."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from local.home import Home
from local.other_copy import banyan

STAFF: Final = ("staff@banyan.test", "staff of the chaos mesh")
REPLICAS: Final = "all=2"


@contextmanager
def own_mesh(port_base: int, keep: Callable[[], bool]) -> Iterator[Home]:
    """Starts it and takes it down. Its folder, with logs and data, stays only when `keep` says so at the end."""
    folder = Path(tempfile.mkdtemp(prefix="banyan-chaos-"))
    folder.chmod(0o755)  # PostgreSQL's own account walks through it
    try:
        up = ("up", "--detach", "--port-base", str(port_base), "--replicas", REPLICAS, "--faulty-links")
        banyan(folder, STAFF, *up)
        yield Home(folder)
    finally:
        banyan(folder, STAFF, "down")
        if not keep():
            shutil.rmtree(folder, ignore_errors=True)
