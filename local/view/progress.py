"""Shows the progress of `up`: a live list on a terminal, one line for each finished step in a pipe."""

from __future__ import annotations

from typing import Any, Protocol

from rich.live import Live
from rich.table import Table
from rich.text import Text

from local.view.console import out

MARKS = {
    "waiting": ("·", "dim"),
    "running": ("▸", "cyan"),
    "done": ("✓", "green"),
    "skipped": ("✓", "green"),
    "failed": ("✗", "bold red"),
}
QUICK_S = 0.005


class ProgressView(Protocol):
    """Takes snapshots of `Progress` as they come."""

    def __enter__(self) -> ProgressView: ...
    def __exit__(self, *_: object) -> None: ...
    def show(self, snapshot: dict[str, Any]) -> None:
        """Brings the view up to this snapshot."""


def progress_view() -> ProgressView:
    """The view that fits the standard output."""
    return LiveView() if out.is_terminal else PlainView()


class LiveView:
    """A list that changes in place. Steps that had nothing to do are left out."""

    def __init__(self) -> None:
        self._live = Live(console=out, refresh_per_second=10, transient=False)

    def __enter__(self) -> ProgressView:
        self._live.__enter__()
        return self

    def __exit__(self, *_: object) -> None:
        self._live.__exit__(None, None, None)

    def show(self, snapshot: dict[str, Any]) -> None:
        """Draws every step that matters."""
        table = Table.grid(padding=(0, 1))
        for step in snapshot["steps"]:
            if step["state"] == "skipped":
                continue
            mark, style = MARKS[step["state"]]
            seconds = f"{step['seconds']:5.1f} s" if step["seconds"] > QUICK_S else ""
            room = max(20, out.width - 40)
            detail = step["detail"] if step["state"] == "running" else ""
            table.add_row(
                Text(mark, style), Text(step["title"]), Text(seconds, "dim"), Text(detail[:room], "dim")
            )
        self._live.update(table)


class PlainView:
    """Lines that only grow, for logs and pipes."""

    def __init__(self) -> None:
        self._told: set[str] = set()

    def __enter__(self) -> ProgressView:
        return self

    def __exit__(self, *_: object) -> None:
        return

    def show(self, snapshot: dict[str, Any]) -> None:
        """Prints what has ended since the last snapshot, and builds when they begin, since they take long."""
        for step in snapshot["steps"]:
            state, key = step["state"], step["key"]
            if state == "running" and key.startswith("build ") and f"begin {key}" not in self._told:
                self._told.add(f"begin {key}")
                if step["detail"]:
                    out.print(f"  {step['title']} ...")
            if state in ("done", "failed") and key not in self._told:
                self._told.add(key)
                good = "done" if key.startswith(("build ", "migrate ", "seed")) else "ready"
                word = good if state == "done" else "failed"
                out.print(f"  {step['title']}: {word} after {step['seconds']:.1f} s", markup=False)
