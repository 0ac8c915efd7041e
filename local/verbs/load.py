"""`load`: people in the shop, as many as a shape says; the exit code tells whether they were served as they should."""

from __future__ import annotations

import asyncio
import json
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Final

import typer

from local.control.client import ask
from local.errors import LocalError
from local.home import Home
from local.loads import environment, places
from local.loads.locust import Run, command
from local.loads.run import go, read_record
from local.loads.shapes import shape, shapes
from local.paths import ROOT
from local.view.console import err
from local.view.tables import show_table

COULD_NOT_BEGIN: Final = 2


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
    url: Annotated[str, typer.Option(help="A gateway elsewhere, of which only the answers are seen.")] = "",
    namespace: Annotated[
        str, typer.Option(metavar="NS", help="The shop in this namespace of KUBECONFIG's cluster.")
    ] = "",
    image: Annotated[str, typer.Option(help="Of locust, in the cluster; else beside the gateway's.")] = "",
    port: Annotated[int, typer.Option(min=1, max=65535, help="Of the web page, on loopback.")] = 8089,
    after: Annotated[int, typer.Option(min=0, max=3600, help="Watch on for so many seconds.")] = 0,
    report: Annotated[
        Path | None, typer.Option(metavar="FILE.html", help="Plots and verdicts, and all figures as JSON.")
    ] = None,
    against: Annotated[
        Path | None, typer.Option(metavar="FILE.json", help="An earlier report's figures, to compare with.")
    ] = None,
    show_list: Annotated[bool, typer.Option("--list", help="Show the shapes.")] = False,
) -> int:
    """Load a shop: the one that runs here, or --url, or --namespace.

    Exit code 1: a threshold was missed, 2: it could not begin.
    """
    if show_list:
        return _list()
    with _beginning():
        if namespace and bool(url) == bool(name):
            raise LocalError(
                "--namespace needs a SHAPE, which runs there, or a --url for the web page, which runs here"
            )
        run = Run(
            shape=shape(name) if name else None,
            host=url,
            seed=seed,
            people=people,
            stretch=stretch,
            processes=processes,
            max_fail_ratio=max_fail_ratio,
            slack=slack,
            min_goodput=min_goodput,
        )
        if not name:
            if report or against:
                raise LocalError("--report and --against need a SHAPE: see `./banyan load --list`")
            return _page(run, namespace, port)
        earlier = read_record(against) if against else None
        where = places.cluster(namespace, image) if namespace else places.here(url, _python)
        with where as place:
            return go(place, replace(run, host=place.host), after_s=after, report=report, earlier=earlier)


def _list() -> int:
    rows = [[each.name, each.meaning] for each in shapes().values()]
    show_table([("shape", "bold"), ("what it is, what it shows", "")], rows)
    return 0


@contextmanager
def _beginning() -> Iterator[None]:
    """1 is for a run that was bad; one that could not be is 2."""
    try:
        yield
    except LocalError as error:
        error.code = COULD_NOT_BEGIN
        raise


def _page(run: Run, namespace: str, port: int) -> int:
    """locust's own web page, until it is stopped, with a tab for what can be observed."""
    places.need_staff()
    home = Home.from_environment()
    more = ["--observe-namespace", namespace] if namespace else []
    if not run.host:
        status = ask(home, "status")
        run = replace(run, host=places.gateway_of(status))
        file = home.path / "observed.json"
        told = {"addresses": places.metrics_of(status), "thresholds": places.thresholds()}
        file.write_text(json.dumps(told))
        more = ["--observe-mesh", str(file)]
    more += ["--web-host", "127.0.0.1", "--web-port", str(port)]
    return subprocess.run(command(_python(), run, more=more), cwd=ROOT, check=False).returncode


def _python() -> Path:
    return asyncio.run(environment.python(lambda text: err.print(f"load: {text}", style="dim")))
