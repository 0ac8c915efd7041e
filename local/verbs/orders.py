"""`orders`: which orders do not go on, why, and letting them go on."""

from __future__ import annotations

import asyncio
import json
import uuid
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Annotated

import typer

from local.errors import LocalError
from local.home import Home
from local.orders import resuming
from local.orders.advice import RUNBOOK
from local.orders.stuck import Stuck
from local.orders.stuck import stuck as read_stuck
from local.stores.service_database import dsn, opened
from local.verbs.audit import seconds
from local.view.asking import confirmed
from local.view.console import complain, out
from local.view.tables import show_table

COULD_NOT_LOOK = 2
Namespace = Annotated[
    str, typer.Option(metavar="NS", help="The shop in this namespace of the cluster of KUBECONFIG.")
]


def register(app: typer.Typer) -> None:
    """Adds the verb and its two parts."""
    group = typer.Typer(help="Find orders that do not go on, and let them.", no_args_is_help=True)
    group.command()(stuck)
    group.command()(resume)
    app.add_typer(group, name="orders")


def stuck(
    *,
    older_than: Annotated[
        str, typer.Option(metavar="TIME", help="Also those at one step for so long; else 2 min, undoing 1 h.")
    ] = "",
    clock_offset: Annotated[
        float, typer.Option(envvar="BANYAN_CLOCK_OFFSET_S", help="Seconds the services' clocks are ahead.")
    ] = 0.0,
    namespace: Namespace = "",
    as_json: Annotated[bool, typer.Option("--json", help="As one JSON document.")] = False,
) -> int:
    """List parked workflows and those older than their limit. Exit code 0: none, 1: some, 2: could not look."""
    try:
        limit_s = seconds(older_than) if older_than else None
        with books(namespace) as address:
            found = asyncio.run(_stuck(address, clock_offset, limit_s))
    except LocalError as error:
        complain(str(error))
        return COULD_NOT_LOOK
    if as_json:
        print(json.dumps({"stuck": [each.as_json() for each in found]}, indent=1))
    elif found:
        _show(found)
    else:
        out.print("no order is stuck", style="green")
    return int(bool(found))


def resume(
    order_id: Annotated[str, typer.Argument(metavar="ORDER_ID", help="As `orders stuck` lists it.")],
    *,
    namespace: Namespace = "",
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
) -> int:
    """Let a parked workflow go on, after what parked it is mended. Every step may be repeated."""
    key = resuming.order_key(order_id)
    with books(namespace) as address:
        step, reason = asyncio.run(_parked(address, key))
        out.print(f"{key} is parked at {step}: {reason or 'no reason'}", markup=False)
        if not confirmed("is the cause mended, and may it go on?", yes=yes):
            out.print("nothing was done", style="yellow")
            return 1
        asyncio.run(_resume(address, key))
    where = f" --namespace {namespace}" if namespace else ""
    out.print(f"it goes on: see `./banyan orders stuck{where}`", style="green")
    return 0


@contextmanager
def books(namespace: str) -> Iterator[str]:
    """The address of order's database, with the service's own role: of the mesh here, or in a namespace of a cluster."""
    if not namespace:
        yield dsn(Home.from_environment(), "order")
        return
    from local.cluster.books import database  # noqa: PLC0415 - only who has a cluster needs its tools
    from local.cluster.tools import kubectl  # noqa: PLC0415

    with database(kubectl(), namespace, "order") as address:
        yield address


async def _stuck(address: str, clock_offset_s: float, older_than_s: float | None) -> list[Stuck]:
    async with opened("order", address) as orders:
        return await read_stuck(orders, clock_offset_s=clock_offset_s, older_than_s=older_than_s)


async def _parked(address: str, key: uuid.UUID) -> tuple[str, str]:
    async with opened("order", address) as orders:
        return await resuming.parked(orders, key)


async def _resume(address: str, key: uuid.UUID) -> None:
    async with opened("order", address) as orders:
        await resuming.resume(orders, key)


def _show(found: Sequence[Stuck]) -> None:
    columns = [("order", "bold"), ("state", ""), ("goal", ""), ("step", ""), ("attempts", ""), ("since", "")]
    rows = []
    for each in found:
        since = f"{each.parked_since or each.step_since:%Y-%m-%d %H:%M:%S}"
        cells = [each.order_id, each.state, each.goal, each.step, str(each.attempts), since]
        rows.append([*cells, f"parked: {each.reason}" if each.parked_since else "too slow"])
    show_table([*columns, ("reason", "red")], rows)
    for advice in dict.fromkeys(each.advice for each in found):
        out.print(f"\n{advice.heading}", style="bold", markup=False)
        out.print(f"  {advice.what} ({RUNBOOK})", markup=False)
