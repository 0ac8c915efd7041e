"""`calibrate`: how much one replica of a service carries here, and the values that follow from it."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer

from local.loads import environment, places
from local.loads.calibrate import RESERVE, Step, knee, steps, threshold, too_much
from local.topology import SERVICES, unknown_name
from local.view.console import err, out
from local.view.tables import show_table

COLUMNS = ("× people", "calls/s", "P50 ms", "P99 ms", "failed", "signal", "cores", "")


def register(app: typer.Typer) -> None:
    """Adds the verb."""
    app.command()(calibrate)


def calibrate(
    service: Annotated[str, typer.Argument(metavar="SERVICE", help="Whose shape signal-SERVICE is used.")],
    *,
    most: Annotated[
        int, typer.Option("--steps", min=2, max=20, help="At most; each has half more people.")
    ] = 10,
    length: Annotated[int, typer.Option(min=20, max=600, help="Of a step, in seconds.")] = 30,
    people: Annotated[float, typer.Option(min=0.05, max=100, help="Of the first step, × the shape's.")] = 1,
    namespace: Annotated[
        str, typer.Option(metavar="NS", help="The shop in this namespace of KUBECONFIG's cluster.")
    ] = "",
    as_json: Annotated[bool, typer.Option("--json", help="As JSON.")] = False,
) -> int:
    """Measure what one replica carries, in steps up to the knee, and print the threshold to set.

    The shop must not be used meanwhile, and the service must have one replica.
    """
    known = {row.name: row for row in SERVICES}
    if service not in known:
        raise unknown_name("service", service, known)
    found: list[Step] = []
    where = places.cluster(namespace, "") if namespace else places.here("", _python)
    with where as place:
        for step in steps(place, service, length_s=length, people=people, most=most, say=_say):
            found.append(step)
            if not as_json:
                _say(f"{step.calls:.4g} calls/s, signal {step.signal:.3g} {step.failures[:200]}".rstrip())
    best = knee(found)
    written = places.thresholds()[service]
    percent = max(1, round(100 * threshold(best) / written))
    if as_json:
        print(json.dumps(_document(service, found, best, percent), indent=1))
    else:
        _tell(service, found, best, written, percent)
    return 0


def _tell(service: str, found: Sequence[Step], best: Step, written: float, percent: int) -> None:
    show_table([(title, "") for title in COLUMNS], [_row(step, found[0], best) for step in found])
    if best is found[-1]:
        out.print(
            f"\nthe knee was not reached: {service} carries at least this; give more --steps", style="yellow"
        )
    out.print(
        f"\nOne replica carries {best.calls:.4g} calls/s at the knee; its signal is {best.signal:.3g} there, and "
        f"{RESERVE:.0%} of that is its threshold: {threshold(best):.3g}.\nThe chart says {written:g}. For this machine:\n",
        highlight=False,
    )
    print(f"{service}:\n  autoscaling:\n    signals: {{thresholdPercent: {percent}}}")


def _row(step: Step, first: Step, best: Step) -> list[str]:
    note = "knee" if step is best else "too much" if too_much(step, first) else ""
    figures = (step.people, step.calls, step.p50_ms, step.p99_ms)
    return [
        *(f"{figure:.4g}" for figure in figures),
        f"{step.failed:.2%}",
        f"{step.signal:.3g}",
        f"{step.cores:.2f}",
        note,
    ]


def _document(service: str, found: Sequence[Step], best: Step, percent: int) -> dict[str, object]:
    rows = [
        {
            "people": step.people,
            "calls_per_s": step.calls,
            "p50_ms": step.p50_ms,
            "p99_ms": step.p99_ms,
            "failed": step.failed,
            "signal": step.signal,
            "cores": step.cores,
        }
        for step in found
    ]
    return {
        "service": service,
        "steps": rows,
        "knee": found.index(best),
        "knee_reached": best is not found[-1],
        "threshold": threshold(best),
        "threshold_percent": percent,
    }


def _say(text: str) -> None:
    err.print(f"calibrate: {text}", style="dim", highlight=False)


def _python() -> Path:
    return asyncio.run(environment.python(_say))
