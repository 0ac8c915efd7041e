"""`chaos`: breaks a mesh under load and says whether it kept its promises."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer

from local.chaos.figures import Outcome, as_json
from local.chaos.here import here as this_mesh
from local.chaos.in_cluster import in_cluster
from local.chaos.kinds import KINDS, chosen
from local.chaos.mesh import Mesh
from local.chaos.own_mesh import STAFF, own_mesh
from local.chaos.report import show, write
from local.chaos.run import Settings, run
from local.cluster.secrets import staff_of
from local.cluster.tools import kubectl
from local.errors import LocalError
from local.home import SHARED, Home
from local.seeding.people import staff_from_environment
from local.view.console import err, out
from local.view.tables import show_table

Staff = tuple[str, str]
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
    namespace: Annotated[
        str, typer.Option(metavar="NS", help="Break the shop in this namespace of the cluster of KUBECONFIG.")
    ] = "",
    show_list: Annotated[bool, typer.Option("--list", help="Show the kinds of faults.")] = False,
    port_base: Annotated[int, typer.Option(help="Its own mesh listens from here on.")] = PORT_BASE,
) -> int:
    """Break a mesh under load, wait for quiet, audit. Exit code 0: every promise was kept, 1: not."""
    if show_list:
        show_table([("kind", "bold"), ("what", "")], [[kind.name, kind.meaning] for kind in KINDS])
        return 0
    wanted = chosen([name for words in kinds or () for name in words.split(",")])
    target = report or SHARED / "chaos" / f"seed-{seed}.html"
    if here and namespace:
        raise LocalError("--here and --namespace name two meshes: choose one")
    place = Place(here, namespace, port_base)
    outcome, folder = asyncio.run(
        _carry_out(
            place,
            lambda staff: Settings(seconds=minutes * 60, seed=seed, kinds=wanted, rate=rate, staff=staff),
        )
    )
    beside = write(outcome, target)
    if as_document:
        print(json.dumps(as_json(outcome), indent=1))
    else:
        show(outcome)
        out.print(f"\nreport: {target}, {beside}", style="dim")
        if folder and not outcome.kept:
            out.print(f"logs and data of the mesh: {folder}", style="dim")
    return int(not outcome.kept)


@dataclass(frozen=True, slots=True)
class Place:
    """Where the mesh is: here, in a namespace, or one of its own."""

    here: bool
    namespace: str
    port_base: int


async def _carry_out(place: Place, settings: Callable[[Staff], Settings]) -> tuple[Outcome, Path | None]:
    """The outcome, and the folder of the mesh when it is on this machine."""
    results: list[Outcome] = []
    async with _mesh(place, results) as (mesh, staff, folder):
        results.append(await run(mesh, settings(staff), _tell))
    return results[0], folder


@asynccontextmanager
async def _mesh(place: Place, results: list[Outcome]) -> AsyncIterator[tuple[Mesh, Staff, Path | None]]:
    if place.namespace:
        program = kubectl()
        staff = staff_of(program, place.namespace)
        async with in_cluster(program, place.namespace) as shop:
            yield shop, staff, None
    elif place.here:
        own = staff_from_environment()
        if own.generated:
            raise LocalError("--here needs BANYAN_STAFF_EMAIL and BANYAN_STAFF_PASSWORD as they were at `up`")
        home = Home.from_environment()
        async with this_mesh(home) as running:
            yield running, (own.email, own.password), home.path
    else:
        _tell("a mesh of its own starts: two replicas of every service, a proxy between every two")
        with own_mesh(place.port_base, keep=lambda: not results or not results[0].kept) as home:
            async with this_mesh(home) as running:
                yield running, STAFF, home.path


def _tell(text: str) -> None:
    err.print(f"chaos: {text}", style="dim", markup=False)
