"""`logs`: the processes' JSON lines, merged by time, for people or as they are."""

from __future__ import annotations

import heapq
import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any, BinaryIO

import typer
from rich.text import Text

from local import topology
from local.errors import LocalError
from local.home import Home
from local.view.console import out

POLL_S = 0.2
TAIL_BYTES = 256 * 1024
STYLES = {"error": "red", "critical": "bold red", "fatal": "bold red", "warning": "yellow", "warn": "yellow"}
HIDDEN = {"time", "level", "service", "event", "msg", "trace_id", "span_id"}


def register(app: typer.Typer) -> None:
    """Adds the verb."""
    app.command()(logs)


def logs(
    names: Annotated[
        list[str] | None, typer.Argument(metavar="[NAME]...", help="Only these processes.")
    ] = None,
    follow: Annotated[bool, typer.Option("--follow", "-f", help="Go on with what comes.")] = False,
    lines: Annotated[int, typer.Option("--lines", "-n", min=0, help="How many lines of each.")] = 20,
    as_json: Annotated[bool, typer.Option("--json", help="The lines as they are.")] = False,
) -> int:
    """Show what the processes say."""
    home = Home.from_environment()
    files = _files(home.logs, names or [])
    positions = {path: path.stat().st_size for path in files}
    merged = heapq.merge(*(_sorted_tail(path, lines) for path in files), key=lambda entry: entry[0])
    for _, name, line in merged:
        _show(name, line, as_json)
    while follow:
        for path in _files(home.logs, names or []):
            for line in _fresh(path, positions):
                _show(path.stem, line, as_json)
        time.sleep(POLL_S)
    return 0


def _files(folder: Path, names: list[str]) -> list[Path]:
    found = sorted(folder.glob("*.jsonl")) if folder.exists() else []
    if not names:
        return found
    wanted: list[Path] = []
    for name in names:
        group, replica = topology.split_name(name)
        exact = topology.process_name(group, replica or 0)
        matches = [
            path
            for path in found
            if path.stem == exact or (replica is None and path.stem.rpartition("-")[0] == group)
        ]
        if not matches:
            raise LocalError(f"{name} has written nothing yet in {folder}")
        wanted += matches
    return wanted


def _sorted_tail(path: Path, count: int) -> list[tuple[str, str, bytes]]:
    with path.open("rb") as file:
        size = file.seek(0, 2)
        file.seek(max(0, size - TAIL_BYTES))
        lines = file.read().splitlines()
    kept = lines[-count:] if count else []
    return sorted((str(_parse(line).get("time", "")), path.stem, line) for line in kept)


def _fresh(path: Path, positions: dict[Path, int]) -> Iterator[bytes]:
    with path.open("rb") as file:
        size = file.seek(0, 2)
        start = positions.get(path, 0)
        file.seek(0 if size < start else start)
        yield from _whole_lines(file)
        positions[path] = file.tell()


def _whole_lines(file: BinaryIO) -> Iterator[bytes]:
    while line := file.readline():
        if not line.endswith(b"\n"):
            file.seek(-len(line), 1)
            return
        yield line.rstrip(b"\n")


def _parse(line: bytes) -> dict[str, Any]:
    try:
        value = json.loads(line)
    except ValueError:
        return {}
    return value if isinstance(value, dict) else {}


def _show(name: str, line: bytes, as_json: bool) -> None:
    if as_json:
        print(line.decode("utf-8", "replace"), flush=True)
        return
    entry = _parse(line)
    level = str(entry.get("level", "info")).lower()
    text = Text(str(entry.get("time", ""))[11:23] + " ", "dim")
    text.append(f"{name:<17}", "cyan")
    text.append(f"{level:<8}", STYLES.get(level, "dim"))
    text.append(str(entry.get("event") or entry.get("msg") or line.decode("utf-8", "replace")))
    for key, value in entry.items():
        if key not in HIDDEN:
            text.append(f" {key}=", "dim")
            text.append(value if isinstance(value, str) else json.dumps(value))
    out.print(text, soft_wrap=True)
