"""The whole run as one HTML file that needs no other."""

from __future__ import annotations

import html
import json
from collections.abc import Iterable, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Final

from loadtests.observer.plot import draw_load, draw_service
from loadtests.observer.record import Record
from loadtests.observer.verdict import Verdict, judge

STYLE: Final = (
    "body{font:14px/1.45 system-ui,sans-serif;margin:2em auto;max-width:1100px;color:#222}"
    "table{border-collapse:collapse;margin:1em 0}td,th{padding:.25em .8em;text-align:left;border-bottom:1px solid #ddd}"
    "svg{width:100%;height:auto}code{font-size:12px;color:#555}"
)
COLUMNS: Final = (
    "service",
    "most replicas",
    "signal crossed → more wanted, s",
    "wanted → serving, s",
    "signal above, s",
    "overshoot",
    "turns",
    "replica-seconds",
)


def write(record: Record, title: str, path: Path) -> None:
    """The HTML file, and all figures beside it as JSON."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(page(record, title), encoding="utf-8")
    path.with_suffix(".json").write_text(json.dumps(record.as_json()) + "\n", encoding="utf-8")


def page(record: Record, title: str) -> str:
    """The HTML."""
    begin, end = span(record)
    rows = [list(asdict(verdict).values()) for verdict in judge(record)]
    total = next((each for each in record.entries if each["name"] == "Aggregated"), {})
    parts = [
        f"<h1>{html.escape(title)}</h1>",
        f"<p>{total.get('requests', 0)} requests, {total.get('failures', 0)} failed, in {end - begin:.0f} s</p>",
        "<h2>What each service did</h2>",
        _table(COLUMNS, rows),
        "<h2>The load</h2>",
        draw_load(record, begin, end) if record.seconds else "<p>locust told nothing</p>",
        *(_service(name, record, begin, end) for name in record.services),
        "<h2>Decisions</h2>",
        _table(
            ("second", "service", "decision"),
            [(f"{each.at - begin:.0f}", each.service, each.text) for each in record.decisions],
        ),
        "<h2>Requests</h2>",
        _dicts(record.entries),
        "<h2>Failures</h2>",
        _dicts(record.failures),
    ]
    return (
        f'<!doctype html><html lang="en"><meta charset="utf-8"><title>{html.escape(title)}</title>'
        f"<style>{STYLE}</style>{''.join(parts)}</html>\n"
    )


def table(verdicts: Iterable[Verdict]) -> list[list[str]]:
    """The verdicts as cells for the terminal, in the order of `COLUMNS`."""
    return [["-" if cell is None else str(cell) for cell in asdict(each).values()] for each in verdicts]


def span(record: Record) -> tuple[float, float]:
    """From the first to the last thing that was seen."""
    moments = [each.at for watched in record.services.values() for each in watched.replicas]
    moments += [each["at"] for each in record.seconds]
    return (min(moments), max(moments)) if moments else (0.0, 1.0)


def _service(name: str, record: Record, begin: float, end: float) -> str:
    watched = record.services[name]
    queries = "".join(f"<br><code>{html.escape(signal.query)}</code>" for signal in watched.signals)
    use = max((each.cores for each in watched.use), default=0.0)
    memory = max((each.memory_mib for each in watched.use), default=0.0)
    return (
        f"{draw_service(name, watched, begin, end)}"
        f"<p>{watched.least} to {watched.most} replicas; at most {use:.2f} cores and {memory:.0f} MiB{queries}</p>"
    )


def _dicts(rows: Sequence[dict[str, object]]) -> str:
    return _table(tuple(rows[0]), [list(row.values()) for row in rows]) if rows else "<p>none</p>"


def _table(titles: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    head = "".join(f"<th>{html.escape(title.replace('_', ' '))}</th>" for title in titles)
    body = "".join(
        "<tr>"
        + "".join(f"<td>{html.escape('–' if cell is None else str(cell))}</td>" for cell in row)
        + "</tr>"
        for row in rows
    )
    return f"<table><tr>{head}</tr>{body}</table>"
