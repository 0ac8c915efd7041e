"""`chaos`: breaks a mesh under load and says whether it kept its promises."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer

from local.chaos.figures import Outcome, as_json
from local.chaos.kinds import KINDS, chosen
from local.chaos.own_mesh import STAFF, own_mesh
from local.chaos.report import show, write
from local.chaos.run import Settings, run
from local.errors import LocalError
from local.home import SHARED, Home
from local.seeding.people import staff_from_environment
from local.view.console import err, out
from local.view.tables import show_table

PORT_BASE = 27_000  # below the ports that the system gives to outgoing connections, and below the bench's


def register(app: typer.Typer) -> None:
    """Adds the verb."""
    app.command()(chaos)


def chaos(
    *,
    minutes: Annotated[float, typer.Option(min=0.5, max=720, help="How long faults go on.")] = 5,
    seed: Annotated[int, typer.Option(help="The same seed plans the same faults and orders.")] = 1,
    kinds: Annotated[
        list[str] | None, typer.Option(metavar="KIND", help="Only these kinds of faults; see --list.")
    ] = None,
    rate: Annotated[float, typer.Option(min=0.5, max=100, help="Orders begun each second.")] = 6,
    report: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Where the HTML report goes; JSON beside it.")
    ] = None,
    as_document: Annotated[
        bool, typer.Option("--json", help="The report as JSON on standard output.")
    ] = False,
    here: Annotated[
        bool, typer.Option("--here", help="Break the mesh that runs here instead of one of its own.")
    ] = False,
    show_list: Annotated[bool, typer.Option("--list", help="Show the kinds of faults.")] = False,
    port_base: Annotated[int, typer.Option(help="Its own mesh listens from here on.")] = PORT_BASE,
) -> int:
    """Break a mesh under load, wait for quiet, audit. Exit code 0: every promise was kept, 1: not."""
    if show_list:
        show_table([("kind", "bold"), ("what", "")], [[kind.name, kind.meaning] for kind in KINDS])
        return 0
    wanted = chosen([name for words in kinds or () for name in words.split(",")])
    target = report or SHARED / "chaos" / f"seed-{seed}.html"
    results: list[Outcome] = []
    with _mesh(here, port_base, results) as (home, staff):
        settings = Settings(seconds=minutes * 60, seed=seed, kinds=wanted, rate=rate, staff=staff)
        results.append(asyncio.run(run(home, settings, _tell)))
    outcome = results[0]
    beside = write(outcome, target)
    if as_document:
        print(json.dumps(as_json(outcome), indent=1))
    else:
        show(outcome)
        out.print(f"\nreport: {target}, {beside}", style="dim")
        if not outcome.kept:
            out.print(f"logs and data of the mesh: {home.path}", style="dim")
    return int(not outcome.kept)


@contextmanager
def _mesh(here: bool, port_base: int, results: list[Outcome]) -> Iterator[tuple[Home, tuple[str, str]]]:
    if not here:
        _tell("a mesh of its own starts: two replicas of every service, a proxy between every two")
        with own_mesh(port_base, keep=lambda: not results or not results[0].kept) as home:
            yield home, STAFF
        return
    staff = staff_from_environment()
    if staff.generated:
        raise LocalError("--here needs BANYAN_STAFF_EMAIL and BANYAN_STAFF_PASSWORD as they were at `up`")
    yield Home.from_environment(), (staff.email, staff.password)


def _tell(text: str) -> None:
    err.print(f"chaos: {text}", style="dim", markup=False)
