"""How a run is shown while it goes on: a table that moves on a terminal, and in a pipe a line for each change."""

from __future__ import annotations

import time
from types import TracebackType
from typing import Final, Self

from rich.console import Group
from rich.live import Live
from rich.table import Table
from rich.text import Text

from loadtests.observer.now import COLUMNS, busiest, now
from loadtests.observer.record import Record, Watched
from local.loads.told import Told
from local.view.console import err, out

DECISIONS: Final = 4


class View:
    """`show` is called with the record each second; `told` is what locust has said so far, once there is something."""

    def __init__(self, title: str) -> None:
        self._title = title
        self._began = time.time()
        self._wanted: dict[str, int] = {}
        self._live = Live(console=err, auto_refresh=False, transient=True) if out.is_terminal else None
        self.told: Told | None = None

    def __enter__(self) -> Self:
        if self._live:
            self._live.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._live:
            self._live.stop()

    def show(self, record: Record) -> None:
        """The record as it is now."""
        if self._live:
            self._live.update(self._page(record), refresh=True)
            return
        for name, watched in record.services.items():
            if watched.replicas and (now := watched.replicas[-1].wanted) != self._wanted.setdefault(
                name, now
            ):
                seconds = time.time() - self._began
                err.print(f"load: {seconds:5.0f} s  {name} {self._wanted[name]} → {now}", markup=False)
                self._wanted[name] = now

    def _page(self, record: Record) -> Group:
        table = Table(box=None, pad_edge=False, header_style="bold")
        for title in COLUMNS.values():
            table.add_column(title, justify="left" if title == "service" else "right", no_wrap=True)
        for name, watched in record.services.items():
            table.add_row(*row(name, watched))
        lines: list[Text | Table] = [Text(self._headline(), style="bold"), table]
        for each in record.decisions[-DECISIONS:]:
            said = f"{each.at - self._began:5.0f} s  {each.service}: {each.text}"
            lines.append(Text(said, style="dim", no_wrap=True, overflow="ellipsis"))
        return Group(*lines)

    def _headline(self) -> str:
        words = f"{self._title}, {time.time() - self._began:.0f} s"
        if self.told and self.told.seconds:
            last, before = self.told.seconds[-1], self.told.seconds[-2:][0]
            rate = (last["requests"] - before["requests"]) / max(last["at"] - before["at"], 1e-3)
            words += f": {last['people']} people, {rate:.0f} requests/s, {last['failures']} failed"
            words += f", P99 {last['p99_ms'] or 0:.0f} ms"
        return words


def row(name: str, watched: Watched) -> list[Text]:
    """One service as it is now; what is above what its ready replicas may have is red, what is on its way yellow."""
    known = now(name, watched)
    signal, limit = busiest(watched)
    over = signal is not None and limit is not None and signal > limit
    styles = {"service": "bold", "may_be": "dim"}
    styles |= {"replicas": "yellow"} if "/" in known.replicas else {}
    styles |= {"signal": "bold red"} if over else {}
    return [Text(cell, styles.get(key, "")) for key, cell in zip(COLUMNS, known.cells(), strict=True)]
