"""The tables after `up` and of `status`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from rich.table import Table
from rich.text import Text

from local.view.console import out

COLOURS = {"ready": "green", "starting": "yellow", "unready": "yellow", "backing-off": "bold red"}
Column = tuple[str, str]


def show_table(columns: Sequence[Column], rows: Sequence[Sequence[str]]) -> None:
    """A table on a terminal, tab-free aligned columns in a pipe. A column is (title, style)."""
    if not out.is_terminal:
        _plain([title for title, _ in columns], rows)
        return
    table = Table(box=None, pad_edge=False, header_style="bold")
    for title, style in columns:
        table.add_column(title, style=style, overflow="fold")
    for row in rows:
        table.add_row(*(Text(cell, COLOURS.get(cell, "")) for cell in row))
    out.print(table)


def _plain(titles: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    lines = [list(titles), *(list(row) for row in rows)]
    widths = [max(len(line[index]) for line in lines) for index in range(len(titles))]
    for line in lines:
        print("  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip())


def up_table(status: dict[str, Any]) -> None:
    """Service, language, address, store."""
    rows = [
        [row["name"], row["language"], _main_address(row), row["store"] or "-"]
        for row in status["processes"]
        if row["kind"] != "store"
    ]
    rows += [
        [row["name"], "store", _main_address(row), "-"]
        for row in status["processes"]
        if row["kind"] == "store"
    ]
    show_table([("service", "bold"), ("language", ""), ("address", "cyan"), ("store", "")], rows)


def status_table(status: dict[str, Any]) -> None:
    """Every process with its state."""
    rows = [
        [
            row["name"],
            row["kind"],
            row["state"],
            str(row["restarts"]),
            str(row["pids"][0]) if row["pids"] else "-",
            _age(row["uptime_s"]),
            "  ".join(f"{name} {where}" for name, where in row["addresses"].items()),
            row["reason"][:80],
        ]
        for row in status["processes"]
    ]
    titles = ["process", "kind", "state", "restarts", "pid", "up", "addresses", "note"]
    show_table([(title, "bold" if title == "process" else "") for title in titles], rows)
    out.print(f"gateway {status['base_url']}   logs {status['logs']}", style="dim", markup=False)


def _main_address(row: dict[str, Any]) -> str:
    for name, scheme in (("http", "http://"), ("grpc", ""), ("sql", ""), ("nats", ""), ("redis", "")):
        if name in row["addresses"]:
            return scheme + str(row["addresses"][name])
    return "-"


def _age(seconds: float) -> str:
    if seconds < 120:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 7200 else f"{seconds / 3600:.1f} h"
