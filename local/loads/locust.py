"""locust's command line."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from local.loads.shapes import LOCUSTFILE, Shape

JOURNAL: Final = ("--journal", "-", "--only-summary", "--loglevel", "WARNING")
"""For a run whose output is read by a program."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """One run. Without a shape locust's web page decides how many people come."""

    shape: Shape | None
    host: str
    seed: int = 1
    people: float = 1.0
    stretch: float = 1.0
    processes: int = 1
    max_fail_ratio: float = 0.001
    slack: float = 1.0
    min_goodput: float = 0.0


def command(python: Path | str, run: Run, *, files: str = "", more: Sequence[str] = ()) -> list[str]:
    """`python -m locust …`; `files` in place of the shape's own paths, for another machine's."""
    words = [str(python), "-m", "locust"]
    words += ["-f", files or (run.shape.locustfiles if run.shape else str(LOCUSTFILE))]
    words += ["--host", run.host, "--seed", str(run.seed)]
    if run.shape:
        words += ["--headless", "--people", f"{run.people:g}", "--stretch", f"{run.stretch:g}"]
    if run.processes > 1:
        words += ["--processes", str(run.processes)]
    words += ["--max-fail-ratio", f"{run.max_fail_ratio:g}", "--slack", f"{run.slack:g}"]
    words += ["--min-goodput", f"{run.min_goodput:g}", *more]
    return words
