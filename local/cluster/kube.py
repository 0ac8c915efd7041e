"""kubectl as a function."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path
from typing import Final

from local.errors import LocalError

ASK_S: Final = 60.0
LOG_LINE: Final = re.compile(r"[EIW]\d{4} ")
"""kubectl's own log, which says the same as its last line, five times."""


def kubectl_output(kubectl: Path, *words: str, stdin: str | None = None, deadline_s: float = ASK_S) -> str:
    """What it prints; LocalError with its own words when it fails or takes longer than `deadline_s`."""
    try:
        done = subprocess.run(
            [str(kubectl), *words],
            input=stdin,
            capture_output=True,
            text=True,
            timeout=deadline_s,
            check=False,
        )
    except subprocess.TimeoutExpired:
        raise LocalError(
            f"the cluster did not answer within {deadline_s:g} s: is KUBECONFIG right?"
        ) from None
    if done.returncode != 0:
        lines = [line for line in done.stderr.splitlines() if not LOG_LINE.match(line)]
        said = "\n".join(lines).strip() or "it failed without a word"
        raise LocalError(f"kubectl: {said}")
    return done.stdout
