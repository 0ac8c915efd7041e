"""Puts the library into every chart and the charts into the umbrella, in this order, as `helm dependency build` does."""

from __future__ import annotations

import os
import subprocess
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Final

from local.charts.schema import HELM
from local.errors import LocalError

LIMIT_S: Final = 120.0
AT_ONCE: Final = 4


def charts() -> list[Path]:
    """All charts but the umbrella and the library."""
    return sorted(path.parent for path in (HELM / "charts").glob("*/Chart.yaml"))


def build(helm: Path) -> None:
    """LocalError with helm's words for the first chart that fails."""
    with ThreadPoolExecutor(AT_ONCE) as pool:
        list(pool.map(lambda chart: _build(helm, chart), charts()))
    _build(helm, HELM / "banyan")


def _build(helm: Path, chart: Path) -> None:
    run(helm, "dependency", "update", "--skip-refresh", str(chart))


def run(helm: Path, *words: str) -> str:
    """helm's output; LocalError with its words when it fails."""
    try:
        done = subprocess.run(
            [str(helm), *words],
            capture_output=True,
            text=True,
            timeout=LIMIT_S,
            check=False,
            env={**os.environ, "NO_COLOR": "1"},
        )
    except subprocess.TimeoutExpired:
        raise LocalError(f"helm {words[0]} took longer than {LIMIT_S:g} s") from None
    if done.returncode != 0:
        raise LocalError(f"helm {' '.join(words)}: {(done.stderr or done.stdout).strip()}")
    return done.stdout
