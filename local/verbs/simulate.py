"""`simulate`: the mesh on paper, at loads that no single machine makes."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import Annotated, Any, Final

import typer
import yaml

from loadtests.simulate.costs import Costs, Mix, costs
from loadtests.simulate.model import Sample, Setting, simulate
from loadtests.simulate.rules import Rules, rules
from loadtests.simulate.validation import RUNS, predicted
from loadtests.simulate.walls import Machines, Size, Wall, size, walls
from local.charts.schema import merged, merged_defaults
from local.errors import LocalError
from local.paths import ROOT
from local.topology import SERVICES
from local.view.console import out
from local.view.tables import show_table

MEASURED: Final = ROOT / "loadtests/simulate/measured.json"
DOCUMENT: Final = ROOT / "docs/scale.md"
BEGIN: Final = "<!-- {}: by ./banyan simulate --docs -->"
END: Final = "<!-- end -->"
RATES: Final = (100.0, 1_000.0, 10_000.0, 100_000.0)
SHOWN_WALLS: Final = 12
CALM_S: Final = 60.0
AFTER_S: Final = 600.0


def register(app: typer.Typer) -> None:
    """Adds the verb."""
    app.command("simulate")(show)


def show(
    *,
    bench: Annotated[
        Path, typer.Option(metavar="FILE.json", help="What `./banyan bench --json` printed.")
    ] = MEASURED,
    reads: Annotated[float, typer.Option(min=0, help="Products looked at for each order.")] = 20,
    logins: Annotated[float, typer.Option(min=0, help="Logins for each order.")] = 0.3,
    jump: Annotated[
        tuple[float, float] | None,
        typer.Option(
            metavar="FROM TO", help="The rate jumps: what the autoscalers do, and how long work waits."
        ),
    ] = None,
    unbounded: Annotated[
        bool, typer.Option("--unbounded", help="As if charts allowed any replicas.")
    ] = False,
    docs: Annotated[bool, typer.Option("--docs", help="Write the tables of docs/scale.md anew.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="As JSON.")] = False,
) -> int:
    """Answer what 10² to 10⁵ orders each second take, and where the first wall is: docs/scale.md."""
    measured = _costs(bench, Mix(reads, logins))
    charts = chart_rules()
    if jump:
        found = after_jump(measured, charts, *jump, bounded=not unbounded)
        if as_json:
            rows = {name: [asdict(each) for each in samples] for name, samples in found.items()}
            print(json.dumps(rows, indent=1))
        else:
            _show_jump(found, *jump)
        return 0
    if docs:
        DOCUMENT.write_text(documented(DOCUMENT.read_text()))
        return 0
    machines = Machines()
    sizes = [size(measured, charts, rate, machines) for rate in RATES]
    met = walls(measured, charts, machines)
    if as_json:
        document = {"sizes": [asdict(each) for each in sizes], "walls": [asdict(each) for each in met]}
        print(json.dumps(document, indent=1))
    else:
        _show(sizes, met)
    return 0


def chart_rules() -> dict[str, Rules]:
    """The rules of every service's chart, as it is without values of one's own."""
    return {row.name: rules(_values(row.name, row.stores)) for row in SERVICES}


def _values(name: str, stores: Sequence[str]) -> Mapping[str, Any]:
    values = merged_defaults(ROOT / f"helm/charts/{name}")
    return values if "postgres" in stores else {**values, "database": {}}


def _costs(path: Path, mix: Mix) -> Costs:
    try:
        return costs(json.loads(path.read_text()), mix)
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise LocalError(
            f"{path} holds no figures of a bench ({error!r}): `./banyan bench --json > FILE`"
        ) from None


def after_jump(
    measured: Costs, charts: Mapping[str, Rules], low: float, high: float, *, bounded: bool
) -> dict[str, list[Sample]]:
    """A minute of `low` orders each second, then ten minutes of `high`."""

    def rate(at: float) -> float:
        return high if at >= CALM_S else low

    return simulate(measured, charts, rate, CALM_S + AFTER_S, Setting(bounded=bounded))


def _show_jump(found: Mapping[str, Sequence[Sample]], low: float, high: float) -> None:
    rows = []
    for name, samples in found.items():
        before = [each for each in samples if each.at < CALM_S][-1]
        after = [each for each in samples if each.at >= CALM_S]
        settled = next(
            each.at for each in after if all(x.wanted == after[-1].wanted for x in after if x.at >= each.at)
        )
        worst = max(each.delay_s for each in after)
        rows.append(
            [
                name,
                f"{before.ready} → {after[-1].ready}",
                f"{settled - CALM_S:.0f}",
                f"{worst:.1f}",
                f"{after[-1].delay_s:.1f}" if after[-1].delay_s > 1 else "none",
            ]
        )
    out.print(f"from {low:g} to {high:g} orders each second\n", highlight=False)
    titles = ("service", "replicas", "settled after, s", "longest wait, s", "wait at the end, s")
    show_table([(title, "") for title in titles], rows)


def _show(sizes: Sequence[Size], met: Sequence[Wall]) -> None:
    for row in size_table(sizes)[:1]:
        titles = [(title, "bold" if number == 0 else "") for number, title in enumerate(row)]
        show_table(titles, size_table(sizes)[1:])
    out.print("\nwhere it ends, first wall first", style="bold")
    rows = [[f"{wall.rate:,.0f}", wall.part, wall.why] for wall in met[:SHOWN_WALLS]]
    show_table([("orders/s", "bold"), ("part", ""), ("why", "dim")], rows)


def size_table(sizes: Sequence[Size]) -> list[list[str]]:
    """Titles, then a row for each part; a column for each rate."""
    head = ["at orders/s", *(f"{each.rate:,.0f}" for each in sizes)]
    rows = [
        [f"{name}, replicas", *(f"{each.replicas[name]:,}" for each in sizes)] for name in sizes[0].replicas
    ]
    rows += [
        [f"{name}, connections", *(f"{each.connections[name]:,}" for each in sizes)]
        for name in sizes[0].connections
    ]
    rows += [
        [f"{name}, cores", *(f"{each.store_cores[name]:,.1f}" for each in sizes)]
        for name in sorted(sizes[0].store_cores)
    ]
    return [head, *rows, ["euros an hour", *(f"{each.euros_per_hour:,.2f}" for each in sizes)]]


def documented(text: str) -> str:
    """The document with its tables as they are now; LocalError when it has no place for one."""
    mix = Mix()
    measured, charts, machines = _costs(MEASURED, mix), chart_rules(), Machines()
    sizes = [size(measured, charts, rate, machines) for rate in RATES]
    met = walls(measured, charts, machines)[:SHOWN_WALLS]
    tables = {
        "sizes": size_table(sizes),
        "walls": [["orders/s", "part", "why"], *([f"{x.rate:,.0f}", x.part, x.why] for x in met)],
        "validation": validation_table(charts),
    }
    for name, rows in tables.items():
        begin = BEGIN.format(name)
        before, found, rest = text.partition(begin)
        if not found:
            raise LocalError(f"{DOCUMENT} has no line {begin}")
        text = f"{before}{begin}\n{_markdown(rows)}\n{END}{rest.partition(END)[2]}"
    return text


def validation_table(charts: Mapping[str, Rules]) -> list[list[str]]:
    """Each measured run beside what the model says of it."""
    test = yaml.safe_load((ROOT / "helm/banyan/values-test.yaml").read_text())["user"]
    user = rules(merged(merged_defaults(ROOT / "helm/charts/user"), test))
    logins = _costs(MEASURED, Mix(reads=0, logins=1))
    only = replace(logins, cores={**logins.cores, "user": _login_s()})
    rows = [["run", "more wanted after, s", "most replicas", "back after, s"]]
    for run in RUNS:
        model = predicted(only, user, run)
        title = f"{run.logins_per_s:g} logins a second for {run.length_s:g} s"
        rows.append([f"{title}, measured", f"{run.decided_s:g}", str(run.peak), f"{run.back_s:g}"])
        rows.append([f"{title}, model", f"{model.decided_s:g}", str(model.peak), f"{model.back_s:g}"])
    return rows


def _login_s() -> float:
    bench = json.loads(MEASURED.read_text())
    return float(bench["logins_4"]["cpu_us_per_request"]["user"]) / 1e6


def _markdown(rows: Sequence[Sequence[str]]) -> str:
    head, *rest = [f"| {' | '.join(row)} |" for row in rows]
    return "\n".join([head, "|" + "---|" * len(rows[0]), *rest])
