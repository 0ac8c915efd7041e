"""The whole run as one HTML file that needs no other."""

from __future__ import annotations

import html
import json
from collections.abc import Iterable
from dataclasses import asdict
from pathlib import Path
from typing import Any, Final

from loadtests.observer.html import dicts
from loadtests.observer.html import page as html_page
from loadtests.observer.html import table as html_table
from loadtests.observer.plot import draw_load, draw_overview, draw_service
from loadtests.observer.record import Record
from loadtests.observer.verdict import Verdict, judge

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

COMPARED: Final = ("peak", "above_s", "replica_s")


def write(record: Record, title: str, path: Path, earlier: Record | None = None) -> None:
    """The HTML file; beside it all figures as JSON, and the overview as SVG. `earlier` is another run, to compare with."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(page(record, title, earlier), encoding="utf-8")
    path.with_suffix(".svg").write_text(draw_overview(record, *span(record)), encoding="utf-8")
    path.with_suffix(".json").write_text(json.dumps(record.as_json()) + "\n", encoding="utf-8")


def page(record: Record, title: str, earlier: Record | None = None, *, refresh_s: int = 0) -> str:
    """The HTML; a browser asks for it again every `refresh_s` seconds, 0: never."""
    begin, end = span(record)
    rows = [list(asdict(verdict).values()) for verdict in judge(record)]
    total = _total(record)
    parts = [
        f"<h1>{html.escape(title)}</h1>",
        f"<p>{total.get('requests', 0)} requests, {total.get('failures', 0)} failed, in {end - begin:.0f} s</p>",
        "<h2>What each service did</h2>",
        html_table(COLUMNS, rows, nothing="–"),
        *(_comparison(record, earlier) if earlier else ()),
        "<h2>Asked for, and there</h2>",
        draw_overview(record, begin, end),
        "<h2>The load</h2>",
        draw_load(record, begin, end) if record.seconds else "<p>locust told nothing</p>",
        *(_service(name, record, begin, end) for name in record.services),
        "<h2>Requests</h2>",
        dicts(record.entries),
        "<h2>Failures</h2>",
        dicts(record.failures),
    ]
    return html_page(title, parts, refresh_s=refresh_s)


def table(verdicts: Iterable[Verdict]) -> list[list[str]]:
    """The verdicts as cells for the terminal, in the order of `COLUMNS`."""
    return [["-" if cell is None else str(cell) for cell in asdict(each).values()] for each in verdicts]


def span(record: Record) -> tuple[float, float]:
    """From the first to the last thing that was seen."""
    moments = [each.at for watched in record.services.values() for each in watched.replicas]
    moments += [each["at"] for each in record.seconds]
    return (min(moments), max(moments)) if moments else (0.0, 1.0)


def _comparison(record: Record, earlier: Record) -> tuple[str, ...]:
    """Both runs, service by service: what it did not do in time, and what it cost."""
    before = {each.service: each for each in judge(earlier)}
    rows = [
        [
            now.service,
            *(f"{getattr(before[now.service], key)} → {getattr(now, key)}" for key in COMPARED),
        ]
        for now in judge(record)
        if now.service in before
    ]
    totals = " → ".join(
        f"{total.get('failures', 0)} of {total.get('requests', 0)} failed, P99 {total.get('p99_ms', 0)} ms"
        for total in (_total(earlier), _total(record))
    )
    titles = ("service", "most replicas", "signal above, s", "replica-seconds")
    return (
        "<h2>Compared with the earlier run</h2>",
        f"<p>{html.escape(totals)}</p>{html_table(titles, rows)}",
    )


def _total(record: Record) -> dict[str, Any]:
    return next((each for each in record.entries if each["name"] == "Aggregated"), {})


def _service(name: str, record: Record, begin: float, end: float) -> str:
    watched = record.services[name]
    decisions = [each for each in record.decisions if each.service == name]
    reasons = "".join(f"<li>{each.at - begin:.0f} s: {html.escape(each.text)}</li>" for each in decisions)
    reasons = f"<ul>{reasons}</ul>" if reasons else ""
    queries = "".join(f"<br><code>{html.escape(signal.query)}</code>" for signal in watched.signals)
    use = max((each.cores for each in watched.use), default=0.0)
    memory = max((each.memory_mib for each in watched.use), default=0.0)
    return (
        f"{draw_service(name, watched, begin, end, [each.at for each in decisions])}{reasons}"
        f"<p>{watched.least} to {watched.most} replicas; at most {use:.2f} cores and {memory:.0f} MiB{queries}</p>"
    )
