"""kubectl as a function."""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import Final

from local.errors import LocalError

ASK_S: Final = 60.0


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
        said = done.stderr.strip() or "it failed without a word"
        raise LocalError(f"kubectl: {said}")
    return done.stdout
