"""How an audit is told: a table and the violations for people, one document for programs."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from rich.table import Table
from rich.text import Text

from local.audit.run import Report
from local.audit.verdict import Figure, Result, Violation
from local.view.console import out
from local.view.tables import show_table

TITLES = ("invariant", "checked", "moving", "violations", "figures")


def show(report: Report, limit: int) -> None:
    """The table, then at most `limit` violations of each invariant, then one line that says it all."""
    rows = [_row(result) for result in report.results]
    if out.is_terminal:
        _coloured(report, rows)
    else:
        show_table([(title, "") for title in TITLES], rows)
    for result in report.results:
        _violations(result, limit)
    out.print()
    for text, style in _closing(report):
        out.print(text, style=style, markup=False)


def show_round(report: Report, limit: int) -> None:
    """One line for a round of watching, and its violations."""
    for result in report.results:
        _violations(result, limit)
    checked = sum(result.checked for result in report.results)
    moving = sum(result.unsettled for result in report.results)
    age = (report.at - report.calm.cutoff).total_seconds()
    out.print(f"{report.at:%H:%M:%S}", style="dim", end="  ")
    style = "bold red" if report.violations else "green"
    out.print(f"{report.violations:,} violations", style=style, end="  ")
    out.print(
        f"{checked:,} checked, {moving:,} changed in the last {age:.0f} s ({report.seconds:.1f} s)",
        markup=False,
    )


def _row(result: Result) -> list[str]:
    if result.skipped:
        return [result.name, "-", "-", "skipped", result.skipped]
    counts = (result.checked, result.unsettled, len(result.violations))
    return [result.name, *(f"{count:,}" for count in counts), figures_text(result.figures)]


def _coloured(report: Report, rows: list[list[str]]) -> None:
    table = Table(box=None, pad_edge=False, header_style="bold")
    for title in TITLES:
        table.add_column(title, justify="right" if title in TITLES[1:4] else "left", overflow="fold")
    for result, (name, checked, moving, violations, figures) in zip(report.results, rows, strict=True):
        style = "yellow" if result.skipped else "bold red" if result.violations else "green"
        moving_style = "yellow" if result.unsettled else "dim"
        table.add_row(
            Text(name, "bold"),
            Text(checked),
            Text(moving, moving_style),
            Text(violations, style),
            Text(figures, "dim"),
        )
    out.print(table)


def _violations(result: Result, limit: int) -> None:
    if not result.violations:
        return
    out.print(f"\n{result.name}: {result.meaning}", style="bold red", markup=False)
    for violation in result.violations[:limit]:
        out.print(f"  {violation_text(violation)}", markup=False)
    if (left := len(result.violations) - limit) > 0:
        out.print(f"  … and {left:,} more (--show {len(result.violations)})", style="dim", markup=False)


def violation_text(violation: Violation) -> str:
    """`id  what: name value, name value`."""
    figures = figures_text(violation.figures)
    return f"{violation.id}  {violation.what}" + (f": {figures}" if figures else "")


def figures_text(figures: Mapping[str, Figure]) -> str:
    """`name 1,234, other 5`; ids and words as they are."""
    return ", ".join(
        f"{name} {value:,}" if isinstance(value, int) else f"{name} {value}"
        for name, value in figures.items()
    )


def _closing(report: Report) -> list[tuple[str, str]]:
    calm, lines = report.calm, []
    if not calm.quiet:
        age = (report.at - calm.cutoff).total_seconds() + calm.waited_s
        moving = ", ".join(map(str, calm.moving)) or "not waited for"
        lines.append((f"not quiet ({moving}): judged what has not changed for {age:.0f} s", "yellow"))
    if report.unread:
        lines.append((f"not read: the books of {', '.join(report.unread)}", "yellow"))
    skipped = sum(bool(result.skipped) for result in report.results)
    note = f", {skipped} skipped" if skipped else ""
    count = len(report.results) - skipped
    word, style = ("hold", "bold green") if not report.violations else ("looked at", "bold red")
    broken = sum(bool(result.violations) for result in report.results)
    found = f", {broken} broken by {report.violations:,} violations" if broken else ""
    lines.append((f"{count} invariants {word}{found}{note} ({report.seconds:.1f} s)", style))
    return lines


def as_json(report: Report) -> str:
    """Everything, every violation included, as one line."""
    calm = report.calm
    document: dict[str, Any] = {
        "target": report.target,
        "at": report.at.isoformat(),
        "seconds": round(report.seconds, 3),
        "quiet": calm.quiet,
        "settled_before": calm.cutoff.isoformat(),
        "unread": list(report.unread),
        "moving": {each.what: each.count for each in calm.moving},
        "violations": report.violations,
        "exit_code": report.exit_code,
        "invariants": [_result_json(result) for result in report.results],
    }
    return json.dumps(document)


def _result_json(result: Result) -> dict[str, Any]:
    return {
        "name": result.name,
        "meaning": result.meaning,
        "skipped": result.skipped or None,
        "checked": result.checked,
        "unsettled": result.unsettled,
        "figures": result.figures,
        "violations": [
            {"id": each.id, "what": each.what, "figures": dict(each.figures)} for each in result.violations
        ],
    }
