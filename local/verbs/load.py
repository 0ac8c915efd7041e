"""`load`: people in the shop, as many as a shape says; the exit code tells whether they were served as they should."""

from __future__ import annotations

import asyncio
import os
import subprocess
from pathlib import Path
from typing import Annotated

import typer

from local.control.client import ask
from local.errors import LocalError
from local.home import Home
from local.loads import environment
from local.loads.locust import Run, command
from local.loads.shapes import shape, shapes
from local.paths import ROOT
from local.seeding.people import EMAIL_VARIABLE, PASSWORD_VARIABLE
from local.view.console import err, out
from local.view.tables import show_table


def register(app: typer.Typer) -> None:
    """Adds the verb."""
    app.command()(load)


def load(
    name: Annotated[
        str, typer.Argument(metavar="[SHAPE]", help="See --list; without one, locust's web page.")
    ] = "",
    *,
    people: Annotated[float, typer.Option(min=0.05, max=100, help="Multiplies the shape's people.")] = 1,
    stretch: Annotated[float, typer.Option(min=0.05, max=1000, help="Multiplies the shape's length.")] = 1,
    seed: Annotated[int, typer.Option(help="Goods, accounts and choices follow from it.")] = 1,
    processes: Annotated[int, typer.Option(min=1, max=64, help="Of locust, for more load.")] = 1,
    max_fail_ratio: Annotated[float, typer.Option(min=0, max=1, help="More failures: exit code 1.")] = 0.001,
    slack: Annotated[
        float, typer.Option(min=0, help="Multiplies the limits of response times; 0: none.")
    ] = 1,
    min_goodput: Annotated[float, typer.Option(min=0, help="Fewer good answers a second: exit code 1.")] = 0,
    url: Annotated[str, typer.Option(help="A gateway elsewhere, instead of the mesh that runs here.")] = "",
    html: Annotated[Path | None, typer.Option(metavar="FILE", help="locust's own report.")] = None,
    show_list: Annotated[bool, typer.Option("--list", help="Show the shapes.")] = False,
) -> int:
    """Load a shop: the one that runs here, or --url. Exit code 1: a threshold was missed, 2: it could not begin."""
    if show_list:
        rows = [[each.name, each.meaning] for each in shapes().values()]
        show_table([("shape", "bold"), ("what it is, what it shows", "")], rows)
        return 0
    chosen = shape(name) if name else None
    run = Run(
        shape=chosen,
        host=url or _gateway(),
        seed=seed,
        people=people,
        stretch=stretch,
        processes=processes,
        max_fail_ratio=max_fail_ratio,
        slack=slack,
        min_goodput=min_goodput,
    )
    _need_staff()
    python = asyncio.run(environment.python(lambda text: err.print(f"load: {text}", style="dim")))
    more = [
        *(["--html", str(html.resolve())] if html else []),
        *([] if out.is_terminal else ["--only-summary"]),
    ]
    words = command(python, run, more=more if chosen else ())
    return subprocess.run(words, cwd=ROOT, check=False).returncode


def _gateway() -> str:
    answer = ask(Home.from_environment(), "status")
    url = str(answer.get("base_url") or "")
    if not url:
        raise LocalError("no gateway runs here: start the shop with `./banyan up`, or name one by --url")
    return url


def _need_staff() -> None:
    missing = [each for each in (EMAIL_VARIABLE, PASSWORD_VARIABLE) if not os.environ.get(each)]
    if missing:
        raise LocalError(
            f"set {' and '.join(missing)} to a member of staff, who puts the goods on sale; "
            "`./banyan up` takes the same variables"
        )
