"""`bench`: measures a mesh of its own and prints a table, the goals beside it."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Annotated, Any

import typer

from local.bench import verdict
from local.bench.run import run_bench, run_hedging, run_rolling
from local.chaos.verdict import Promise
from local.view.console import err, out
from local.view.tables import show_table

LOADS = ("product_reads_32", "orders_1", "orders_16", "logins_4", "reserve_hot_32", "reserve_spread_32")
SCENARIOS = ("steady", "pausing", "crowd")
SECONDS = 15.0
PORT_BASE = 28_000  # below the ports that the system gives to outgoing connections


def register(app: typer.Typer) -> None:
    """Adds the verb."""
    app.command()(bench)


def bench(
    as_json: Annotated[bool, typer.Option("--json", help="As JSON.")] = False,
    seconds: Annotated[
        float | None, typer.Option(min=1, max=600, help=f"How long each load lasts at most ({SECONDS:g}).")
    ] = None,
    port_base: Annotated[int, typer.Option(help="The mesh of the bench listens from here on.")] = PORT_BASE,
    rolling: Annotated[
        bool, typer.Option("--rolling", help="Instead: two replicas of all, restarted one by one under load.")
    ] = False,
    hedging: Annotated[
        bool, typer.Option("--hedging", help="Instead: product reads at two replicas, plain and hedged.")
    ] = False,
) -> int:
    """Measure start, memory, product reads, orders and processor time; takes about two minutes.

    Exit code 0: no request failed, the books balance, and the verdicts at the end (overload, or the rolling restart) are
    kept; 1: not. All other figures are told, not judged.
    """

    def says(text: str) -> None:
        err.print(f"bench: {text}", style="dim")

    if rolling and hedging:
        raise typer.BadParameter("one of --rolling and --hedging at a time")
    if rolling and seconds is not None:
        raise typer.BadParameter("--rolling lasts as long as the restart does: leave --seconds out")
    if hedging:
        return _hedge(run_hedging(port_base, seconds or SECONDS, says), as_json)
    if rolling:
        return _roll(run_rolling(port_base, says), as_json)
    figures = run_bench(port_base, seconds or SECONDS, says)
    promises = verdict.overload(figures["orders_overload"])
    if as_json:
        print(json.dumps(figures | {"verdicts": verdict.as_json(promises)}, indent=1))
    else:
        _show(figures)
        _say(promises)
    errors = sum(figures[load]["errors"] for load in LOADS)
    return int(bool(errors or figures["books_out_of_balance"]) or not all(each.kept for each in promises))


def _say(promises: Sequence[Promise]) -> None:
    for each, line in zip(promises, verdict.lines(promises), strict=True):
        out.print(line, style="" if each.kept else "bold red")


def _roll(figures: dict[str, Any], as_json: bool) -> int:
    promises = verdict.rolling(figures)
    if as_json:
        print(json.dumps(figures | {"verdicts": verdict.as_json(promises)}, indent=1))
    else:
        out.print(figures["machine"], style="bold")
        rows = [
            ["repeated by the client", str(figures["repeated"])],
            ["restart of every replica", f"{figures['restart_s']} s"],
            ["P99 of reads, quiet", f"{figures['quiet_p99_ms']} ms"],
        ]
        show_table([("figure", "bold"), ("measured", "cyan")], rows)
        _say(promises)
    return int(not all(each.kept for each in promises))


def _hedge(figures: dict[str, Any], as_json: bool) -> int:
    loads = [(name, kind, figures[name][kind]) for name in SCENARIOS for kind in figures[name]]
    if as_json:
        print(json.dumps(figures, indent=1))
    else:
        out.print(f"{figures['machine']}; P95 is {figures['p95_ms']} ms", style="bold")
        columns = ("P50 ms", "P95 ms", "P99 ms", "P99.9 ms", "asked again", "product µs", "failed")
        show_table(
            [("load", "bold"), ("", ""), ("/s", ""), *((name, "") for name in columns)],
            [
                [
                    name,
                    kind,
                    f"{load['per_second']:,.0f}",
                    *(f"{load[f'p{share}_ms']:.1f}" for share in ("50", "95", "99", "99.9")),
                    f"{load['asked_again'] / load['reads']:.1%}",
                    str(load["product_cpu_us_per_read"]),
                    str(load["failed"]),
                ]
                for name, kind, load in loads
            ],
        )
    return int(any(load["failed"] for _, _, load in loads))


def _show(figures: dict[str, Any]) -> None:
    reads, one, many = figures["product_reads_32"], figures["orders_1"], figures["orders_16"]
    over = figures["orders_overload"]
    hot, spread = figures["reserve_hot_32"], figures["reserve_spread_32"]
    out.print(figures["machine"], style="bold")
    rows = [
        ["warm start to all ready", f"{figures['warm_up_s']} s", ""],
        ["warm start to first confirmed order", f"{figures['first_order_s']} s", "≤ 20 s"],
        ["whole mesh at rest (shared pages once)", f"{figures['memory_total_mb']} MB", "≤ 1,536 MB"],
        ["product reads, 32 at once", f"{reads['per_second']:,} /s", "≥ 1,000 /s"],
        ["  P50, P99", f"{reads['p50_ms']}, {reads['p99_ms']} ms", "P99 < 25 ms"],
        ["orders, 1 at once: P50, P99", f"{one['p50_ms']}, {one['p99_ms']} ms", "P50 < 60 ms"],
        ["orders, 16 at once", f"{many['per_second']} /s", "≥ 40 /s"],
        ["  P50, P99", f"{many['p50_ms']}, {many['p99_ms']} ms", ""],
        ["  at three times that rate", f"{over['goodput']} /s, {over['share']:.0%}", "≥ 80 %"],
        ["  P99 of those done, failed", f"{over['p99_ms']} ms, {over['failed']}", "none failed"],
        ["logins, 4 at once", f"{figures['logins_4']['per_second']} /s", ""],
        ["reservations of one product, 32 at once", f"{hot['per_second']:,} /s", "≥ 150 /s"],
        ["  P99; of eight products", f"{hot['p99_ms']} ms; {spread['per_second']:,} /s", ""],
        ["errors", str(sum(figures[load]["errors"] for load in LOADS)), "0"],
        ["books", "; ".join(figures["books_out_of_balance"]) or "balanced", "balanced"],
    ]
    show_table([("figure", "bold"), ("measured", "cyan"), ("goal", "dim")], rows)
    out.print("\nby process: memory at rest, processor time for each request", style="bold")
    names = [*figures["memory_mb"], "load generator"]
    show_table(
        [("process", "bold"), ("RSS MB", ""), ("PSS MB", ""), ("read µs", ""), ("order µs", "")],
        [
            [
                name,
                *(str(size) for size in figures["memory_mb"].get(name, ["-", "-"])),
                str(reads["cpu_us_per_request"].get(name, 0)),
                str(many["cpu_us_per_request"].get(name, 0)),
            ]
            for name in names
        ],
    )
