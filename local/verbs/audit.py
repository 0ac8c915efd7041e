"""`audit`: do the books of all services, the ledgers outside and the broker agree?"""

from __future__ import annotations

import asyncio
import os
import re
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import typer

from local.audit.invariants.registry import INVARIANTS, Invariant
from local.audit.report import as_json as report_json
from local.audit.report import show as show_report
from local.audit.report import show_round
from local.audit.run import Plan
from local.audit.run import audit as run_audit
from local.audit.target import Target, load_target, local_target
from local.errors import LocalError
from local.home import Home
from local.topology import unknown_name
from local.view.console import complain, err
from local.view.tables import show_table

COULD_NOT_CHECK = 2
UNITS = {"": 1.0, "s": 1.0, "m": 60.0, "h": 3600.0}


def register(app: typer.Typer) -> None:
    """Adds the verb."""
    app.command()(audit)


def audit(
    *,
    target: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Where the books are, see docs/audit.md; else the mesh here."),
    ] = None,
    namespace: Annotated[
        str, typer.Option(metavar="NS", help="The shop in this namespace of the cluster of KUBECONFIG.")
    ] = "",
    only: Annotated[list[str] | None, typer.Option(metavar="NAME", help="Only this invariant.")] = None,
    show_list: Annotated[bool, typer.Option("--list", help="Show the invariants.")] = False,
    wait: Annotated[str, typer.Option(metavar="TIME", help="Wait so long for quiet.")] = "60s",
    settle: Annotated[
        str, typer.Option(metavar="TIME", help="Without quiet, judge what has not changed for so long.")
    ] = "10s",
    watch: Annotated[bool, typer.Option("--watch", help="Again and again, while load runs.")] = False,
    every: Annotated[str, typer.Option(metavar="TIME", help="Rest between rounds.")] = "5s",
    lasting: Annotated[
        str, typer.Option("--for", metavar="TIME", help="End watching after so long; else Ctrl-C.")
    ] = "",
    show: Annotated[int, typer.Option(min=0, metavar="N", help="Violations shown of each.")] = 20,
    explained: Annotated[
        list[str] | None, typer.Option(metavar="EVENT", help="Event of a dead letter that is looked after.")
    ] = None,
    clock_offset: Annotated[
        float, typer.Option(envvar="BANYAN_CLOCK_OFFSET_S", help="Seconds the services' clocks are ahead.")
    ] = 0.0,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON document for each round.")] = False,
) -> int:
    """Compare all books. Exit code 0: every invariant holds, 1: violations, 2: could not be checked."""
    if show_list:
        show_table([("invariant", "bold"), ("what must hold", "")], [[i.name, i.meaning] for i in INVARIANTS])
        return 0
    try:
        plan = Plan(
            invariants=chosen(only or []),
            wait_s=0.0 if watch else seconds(wait),
            settle_s=seconds(settle),
            explained=frozenset(explained or ()),
            clock_offset_s=clock_offset,
        )
        with found(target, namespace) as where:
            if watch:
                rounds = Rounds(where, plan, show, as_json)
                return rounds.run(seconds(every), seconds(lasting) if lasting else None)
            report = asyncio.run(run_audit(where, plan, _tell))
    except LocalError as error:
        complain(str(error))
        return COULD_NOT_CHECK
    print(report_json(report)) if as_json else show_report(report, show)
    return report.exit_code


@contextmanager
def found(file: Path | None, namespace: str) -> Iterator[Target]:
    """Where the books are: as a file says, in a namespace of a cluster, or of the mesh here."""
    if file and namespace:
        raise LocalError("--target and --namespace exclude each other")
    if namespace:
        from local.cluster.books import cluster_target  # noqa: PLC0415 - only who has a cluster needs its tools
        from local.cluster.tools import kubectl  # noqa: PLC0415

        with cluster_target(kubectl(), namespace) as target:
            yield target
    elif file:
        yield load_target(file, dict(os.environ))
    else:
        yield local_target(Home.from_environment())


def seconds(text: str) -> float:
    """`60`, `60s`, `2m` or `1h` in seconds; LocalError for anything else."""
    found = re.fullmatch(r"(\d+(?:\.\d+)?)([smh]?)", text)
    if found is None:
        raise LocalError(f"{text!r} is no time: write 60s, 2m or 1h")
    return float(found[1]) * UNITS[found[2]]


def chosen(names: Sequence[str]) -> list[Invariant[Any]]:
    """The invariants named, or all; LocalError with the nearest name for one that is not there."""
    known = {each.name: each for each in INVARIANTS}
    for name in names:
        if name not in known:
            raise unknown_name("invariant", name, known)
    return [known[name] for name in names] if names else list(INVARIANTS)


def _tell(text: str) -> None:
    if err.is_terminal:
        err.print(f"audit: {text}", style="dim", markup=False)


@dataclass
class Rounds:
    """Audits one after the other; what was broken in any round stays broken."""

    target: Target
    plan: Plan
    show: int
    as_json: bool
    broken: bool = False
    judged: bool = False

    def run(self, every_s: float, lasting_s: float | None) -> int:
        """Until the time is over or Ctrl-C; a round that can't be checked is told, and the next one tries again."""
        until = None if lasting_s is None else time.monotonic() + lasting_s
        try:
            while True:
                self._round()
                if until is not None and time.monotonic() + every_s > until:
                    break
                time.sleep(every_s)
        except KeyboardInterrupt:
            err.print("audit: stopped", style="dim")
        return 1 if self.broken else 0 if self.judged else COULD_NOT_CHECK

    def _round(self) -> None:
        try:
            report = asyncio.run(run_audit(self.target, self.plan, lambda _: None))
        except LocalError as error:
            complain(str(error))
            return
        self.judged = True
        self.broken = self.broken or report.violations > 0
        if self.as_json:
            print(report_json(report), flush=True)
        else:
            show_round(report, self.show)
