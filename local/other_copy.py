"""Verbs run on a copy of the mesh in another home, as a person would: for what brings up a mesh of its own."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path
from typing import Final

from local.errors import LocalError
from local.paths import ROOT

UP_DEADLINE_S: Final = 900.0
"""The first start on a machine builds three services."""


def banyan(home: Path, staff: tuple[str, str], *words: str) -> str:
    """Runs `./banyan WORDS` for the mesh in `home`, whose staff has this address and password; its output.

    Raises LocalError with its last words when it fails.
    """
    environment = {
        **os.environ,
        "BANYAN_HOME": str(home),
        "NO_COLOR": "1",
        "BANYAN_STAFF_EMAIL": staff[0],
        "BANYAN_STAFF_PASSWORD": staff[1],
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
    return done.stdout
