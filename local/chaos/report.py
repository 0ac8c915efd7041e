"""How a run is told: one HTML file that needs no other, JSON, and tables on the terminal."""

from __future__ import annotations

import html
import json
from pathlib import Path
from typing import Final

from loadtests.observer.html import dicts, table
from loadtests.observer.html import page as html_page
from local.chaos.figures import Outcome, answers, as_json, by_kind, by_request, failures, fault_row
from local.chaos.plot import draw
from local.view.console import out
from local.view.tables import show_table

SHOWN_CASES: Final = 200


def write(outcome: Outcome, path: Path) -> Path:
    """Writes the HTML file, and the JSON beside it; returns the JSON's path."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(page(outcome), encoding="utf-8")
    beside = path.with_suffix(".json")
    beside.write_text(json.dumps(as_json(outcome), indent=1) + "\n", encoding="utf-8")
    return beside


def page(outcome: Outcome) -> str:
    """The HTML."""
    records = outcome.records
    word = "every promise was kept" if outcome.kept else "promises were broken"
    head = (
        f"{len(records.struck)} faults of {len(by_kind(records))} kinds in {outcome.seconds / 60:g} minutes, "
        f"{outcome.rate:g} orders begun each second, seed {outcome.seed}; {outcome.began}; {outcome.machine}"
    )
    parts = [
        f"<h1>Chaos: {word}</h1><p>{html.escape(head)}</p>",
        _promises(outcome),
        f'<h2>Throughput and errors</h2><div class="plot">{draw(records, _end(outcome))}</div>',
        "<h2>Requests</h2>",
        dicts(by_request(records)),
        "<h2>What orders were told</h2>",
        table(("answer", "orders"), answers(records)),
        "<h2>Failed tries</h2>",
        table(("order", "times"), failures(records.tries("order"))),
        table(("browse", "times"), failures(records.tries("browse"))),
        "<h2>Kinds of faults</h2>",
        dicts(by_kind(records)),
        "<h2>Faults</h2>",
        dicts([fault_row(each) for each in sorted(records.struck, key=lambda each: each.began_s)]),
    ]
    return html_page(f"Chaos, seed {outcome.seed}", parts)


def _end(outcome: Outcome) -> float:
    """What the plot shows: all of the load."""
    return max([outcome.seconds, *(each.ended_s for each in outcome.records.requests)])


def _promises(outcome: Outcome) -> str:
    rows = [
        f"<tr><td>{html.escape(each.name)}</td><td>{html.escape(each.limit)}</td>"
        f'<td class="{"kept" if each.kept else "broken"}">{html.escape(each.found)}</td></tr>'
        for each in outcome.promises
    ]
    cases = [
        f"<details open><summary>{html.escape(each.name)}</summary><ul>"
        + "".join(f"<li>{html.escape(case)}</li>" for case in each.cases[:SHOWN_CASES])
        + "</ul></details>"
        for each in outcome.promises
        if each.cases
    ]
    promises = f"<table><tr><th>promise</th><th>limit</th><th>found</th></tr>{''.join(rows)}</table>"
    return promises + "".join(cases)


def show(outcome: Outcome, shown: int = 20) -> None:
    """The tables on the terminal."""
    records = outcome.records
    show_table(
        [("request", "bold"), ("sent", ""), ("served", ""), ("at first", ""), ("P50 ms", ""), ("P99 ms", "")],
        [
            [
                row["what"],
                *(f"{row[name]:,}" for name in ("requests", "served", "served_at_first", "p50_ms", "p99_ms")),
            ]
            for row in by_request(records)
        ],
    )
    out.print()
    show_table(
        [("fault", "bold"), ("times", ""), ("recovery, median", ""), ("worst", "")],
        [
            [
                row["kind"],
                str(row["faults"]),
                *(
                    "-" if row[name] is None else f"{row[name]} s"
                    for name in ("recovery_median_s", "recovery_worst_s")
                ),
            ]
            for row in by_kind(records)
        ],
    )
    for promise in outcome.promises:
        for number, case in enumerate(promise.cases[:shown]):
            if number == 0:
                out.print(f"\n{promise.name}:", style="bold red", markup=False)
            out.print(f"  {case}", markup=False)
    out.print()
    show_table(
        [("promise", "bold"), ("limit", "dim"), ("found", ""), ("", "")],
        [[each.name, each.limit, each.found, "kept" if each.kept else "BROKEN"] for each in outcome.promises],
    )
