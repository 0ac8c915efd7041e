"""`test`: runs kinds of tests and ends with one summary, failures first."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from functools import reduce
from typing import Annotated

import typer

from local import topology
from local.errors import LocalError
from local.home import Home
from local.testing.counting import Counts
from local.testing.kinds import Kind, kinds, narrowed
from local.testing.preparing import prepare
from local.testing.runner import Result, run_kinds
from local.view.console import out
from local.view.tables import show_table

SHOWN_LINES = 30


def register(app: typer.Typer) -> None:
    """Adds the verb."""
    app.command()(test)


def test(
    names: Annotated[
        list[str] | None, typer.Argument(metavar="[KIND]...", help="Only these kinds; see --list.")
    ] = None,
    beside: Annotated[
        list[str] | None,
        typer.Option("--with", metavar="KIND", help="This kind beside those that run by default."),
    ] = None,
    only: Annotated[
        str, typer.Option("-k", metavar="EXPRESSION", help="Of these, pytest's tests whose names match.")
    ] = "",
    show_list: Annotated[bool, typer.Option("--list", help="Show the kinds.")] = False,
) -> int:
    """Run the tests that need no cluster, or the kinds named."""
    table = kinds()
    if show_list:
        show_table([("kind", "bold"), ("what", "")], [[kind.name, kind.description] for kind in table])
        return 0
    chosen = choose(table, names or [], beside or [])
    if only:
        chosen = narrowed(chosen, only)
    logs = Home.from_environment().path / "test-logs"
    logs.mkdir(parents=True, exist_ok=True)
    prepare(chosen, lambda text: out.print(text, style="dim"))
    results = asyncio.run(run_kinds(chosen, logs, _tell))
    code = summary(results)
    if only and not any(result.counts.passed + result.counts.failed for result in results):
        raise LocalError(f"no test of {', '.join(kind.name for kind in chosen)} matches -k {only}")
    if not names:
        for kind in table:
            if kind not in chosen:
                out.print(
                    f"left out: {kind.name}, {kind.description}; --with {kind.name} takes it in", style="dim"
                )
    return code


def choose(table: Sequence[Kind], names: Sequence[str], beside: Sequence[str] = ()) -> list[Kind]:
    """The kinds named, else all that run by default and those `beside`; kinds without any tests yet are left out."""
    known = {kind.name: kind for kind in table}
    for name in [*names, *beside]:
        if name not in known:
            raise topology.unknown_name("kind of test", name, known)
    wanted = {*names, *beside} if names else {kind.name for kind in table if kind.by_default} | {*beside}
    chosen = [kind for kind in table if kind.name in wanted]
    for kind in chosen:
        if not kind.commands:
            out.print(f"{kind.name}: has no tests yet", style="yellow")
    return [kind for kind in chosen if kind.commands]


def _tell(result: Result) -> None:
    counts = result.counts
    word, style = ("failed", "bold red") if counts.failed else ("ok", "green")
    out.print(f"{word:<7}", style=style, end="")
    failed = f", {counts.failed} failed" if counts.failed else ""
    out.print(f"{result.title} ({counts.passed} passed{failed}, {result.seconds:.0f} s)", markup=False)


def summary(results: Sequence[Result]) -> int:
    """Failures with their last lines, then a table, then one plain line; 1 when anything failed."""
    for result in results:
        if result.counts.failed:
            out.rule(f"{result.title} failed", style="red")
            for line in result.lines[-SHOWN_LINES:]:
                out.print(line, markup=False)
            out.print(f"all of it: {result.log}", style="dim", markup=False)
    ordered = sorted(results, key=lambda result: result.counts.failed == 0)
    titles = [("kind", "bold"), ("passed", ""), ("failed", ""), ("skipped", ""), ("seconds", "")]
    out.print()
    show_table(titles, [_row(result) for result in ordered])
    total = reduce(lambda left, right: left + right, (result.counts for result in results), Counts())
    out.print()
    print(f"{total.passed} passed, {total.failed} failed")
    return int(total.failed > 0 or not results)


def _row(result: Result) -> list[str]:
    counts = result.counts
    return [
        result.title,
        str(counts.passed),
        str(counts.failed),
        str(counts.skipped),
        f"{result.seconds:.1f}",
    ]
