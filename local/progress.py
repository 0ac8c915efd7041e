"""What `up` is doing, as a list of steps that a terminal, a pipe or another process can show."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from typing import Any, Literal

State = Literal["waiting", "running", "done", "skipped", "failed"]


@dataclass(slots=True)
class Step:
    """One line of progress."""

    key: str
    title: str
    state: State = "waiting"
    detail: str = ""
    seconds: float = 0.0


class Progress:
    """Steps in the order they were announced. `outcome` is empty while it goes on."""

    def __init__(self) -> None:
        self._steps: dict[str, Step] = {}
        self._began: dict[str, float] = {}
        self._start = time.monotonic()
        self.outcome: Literal["", "ready", "failed"] = ""
        self.error = ""
        self.notes: list[str] = []
        """Lines for the reader at the end, such as generated credentials; shown once."""

    def announce(self, key: str, title: str) -> None:
        """A step that will come."""
        self._steps.setdefault(key, Step(key, title))

    def says(self, key: str, detail: str) -> None:
        """What a running step is at."""
        self._steps[key].detail = detail

    @contextmanager
    def step(self, key: str, title: str) -> Iterator[Step]:
        """Runs a step; set `state` to skipped inside when there was nothing to do."""
        self.announce(key, title)
        step = self._steps[key]
        step.state = "running"
        self._began[key] = time.monotonic()
        try:
            yield step
        except asyncio.CancelledError:
            step.state, step.detail = "waiting", ""  # something else failed
            raise
        except BaseException as error:
            step.state, step.detail = "failed", str(error)
            raise
        else:
            step.detail = ""
            if step.state == "running":
                step.state = "done"
        finally:
            step.seconds = time.monotonic() - self._began[key]

    def finish(self, error: str = "") -> None:
        """The end of it, good or bad."""
        self.outcome, self.error = ("failed", error) if error else ("ready", "")

    def snapshot(self) -> dict[str, Any]:
        """All of it as plain data."""
        now = time.monotonic()
        steps = []
        for step in self._steps.values():
            line = asdict(step)
            if step.state == "running":
                line["seconds"] = now - self._began[step.key]
            steps.append(line)
        return {
            "steps": steps,
            "seconds": now - self._start,
            "outcome": self.outcome,
            "error": self.error,
            "notes": self.notes,
        }
