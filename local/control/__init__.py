"""How other processes talk to the supervisor: one JSON line to its Unix socket, one JSON line back."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

LONGEST_PATH = 100
"""The kernel takes 107 bytes for the path of a Unix socket."""


@contextmanager
def short_path(path: Path) -> Iterator[str]:
    """The same socket under a name that is short enough, however deep its folder lies."""
    if len(os.fsencode(path)) <= LONGEST_PATH:
        yield str(path)
        return
    folder = os.open(path.parent, os.O_PATH | os.O_DIRECTORY)
    try:
        yield f"/proc/self/fd/{folder}/{path.name}"
    finally:
        os.close(folder)
