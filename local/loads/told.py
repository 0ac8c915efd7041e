"""What locust tells while it runs, from wherever it runs."""

from __future__ import annotations

import json
import subprocess
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any

Json = dict[str, Any]


@dataclass
class Told:
    """What locust told; complete when the run has ended."""

    seconds: list[Json] = field(default_factory=list)
    entries: list[Json] = field(default_factory=list)
    failures: list[Json] = field(default_factory=list)
    began: threading.Event = field(default_factory=threading.Event)
    code: int | None = None
    talk: list[str] = field(default_factory=list)
    """The lines that are for people: locust's summary, thresholds that were missed."""

    def note(self, line: str) -> None:
        """One line for people."""
        self.talk.append(line.rstrip())

    def hear(self, line: str) -> None:
        """One line of its output."""
        if not line.startswith("{"):
            self.note(line)
            return
        said = json.loads(line)
        kind = said.pop("kind")
        if kind == "begin":
            self.began.set()
        elif kind in ("second", "entry", "failure"):
            {"second": self.seconds, "entry": self.entries, "failure": self.failures}[kind].append(said)

    @property
    def total(self) -> Json:
        """All requests together."""
        return next((each for each in self.entries if each["name"] == "Aggregated"), {})


@contextmanager
def listening(
    words: Sequence[str], *, cwd: Path | None = None, env: Mapping[str, str] | None = None
) -> Iterator[Told]:
    """A locust that writes its journal to its output; at the end of the context its last lines are awaited."""
    told = Told()
    with subprocess.Popen(
        words,
        cwd=cwd,
        env=env,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        stdin=subprocess.DEVNULL,
        text=True,
    ) as process:
        # Apart from each other: a line of one stream may come amidst a line of the other.
        listeners = [
            threading.Thread(target=_listen, args=(process.stdout, told.hear), daemon=True),
            threading.Thread(target=_listen, args=(process.stderr, told.note), daemon=True),
        ]
        for listener in listeners:
            listener.start()
        try:
            yield told
            for listener in listeners:
                listener.join()
            told.code = process.wait()
        finally:
            process.kill()


def _listen(stream: IO[str] | None, hear: Callable[[str], None]) -> None:
    assert stream is not None
    for line in stream:
        hear(line)
