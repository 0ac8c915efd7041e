"""`events rebuild`: a consumer handles its events again."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from typing import Annotated

import typer

from local.control.client import ask
from local.errors import LocalError
from local.events import broker
from local.events.consumers import Consumer, consumer
from local.events.forgetting import forget
from local.events.plan import Plan, Start, made
from local.events.rebuild import caught_up, deliver_again
from local.events.since import moment
from local.events.state import Connection, telling
from local.home import Home
from local.stores import nats
from local.stores.service_database import dsn, opened
from local.verbs.audit import seconds
from local.view.asking import confirmed
from local.view.console import err, out
from local.view.tables import show_table


def rebuild(
    name: Annotated[str, typer.Argument(metavar="CONSUMER", help="Such as shipping-order: SERVICE-STREAM.")],
    *,
    since: Annotated[
        str, typer.Option(metavar="TIME", help="Only what came since: 90m, 2h, 3d (ago) or an ISO time.")
    ] = "",
    from_sequence: Annotated[
        int | None, typer.Option(min=1, metavar="N", help="Only from this place in the stream on.")
    ] = None,
    forgetting: Annotated[
        bool,
        typer.Option("--forget", help="Also forget what was applied, where applying it again is safe."),
    ] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what would be done.")] = False,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
    wait: Annotated[
        str, typer.Option(metavar="TIME", help="Wait so long for it to catch up; 0 is not at all.")
    ] = "60s",
) -> int:
    """Deliver a consumer's events again. What had its effect is not applied twice; what was lost is.

    Exit code 0: done (or nothing to do), 1: refused, or not caught up in time.
    """
    if since and from_sequence is not None:
        raise LocalError("--since and --from-sequence both say where to begin: use one")
    chosen, now, wait_s = consumer(name), datetime.now(UTC), seconds(wait)
    start = Start(from_sequence, moment(since, now) if since else None)
    if forgetting:
        chosen.forgettable  # noqa: B018 - refuses before anything is read
    home = Home.from_environment()
    status = ask(home, "status")
    running = [row["name"] for row in status["processes"] if row["group"] == chosen.service]
    url = nats.url(int(status["port_base"]))
    plan = asyncio.run(_planned(url, chosen, start, now))
    _show(plan, running, forgetting)
    if dry_run or not plan.count:
        return 0
    if not confirmed(f"deliver {plan.count} events to {name} again?", yes=yes):
        out.print("nothing was done", style="yellow")
        return 1
    left = asyncio.run(_rebuilt(url, dsn(home, chosen.service) if forgetting else "", plan, wait_s))
    if wait_s and left:
        out.print(f"{left} events are left after {wait}; it goes on by itself", style="yellow")
        return 1
    out.print("caught up" if wait_s else "under way", style="green")
    return 0


async def _planned(url: str, chosen: Consumer, start: Start, now: datetime) -> Plan:
    async with broker.connected(url) as connection:
        with telling(f"consumer {chosen.name}"):
            return await made(connection, chosen, start, now)


async def _rebuilt(url: str, database: str, plan: Plan, wait_s: float) -> int:
    async with broker.connected(url) as connection:
        with telling(f"consumer {plan.consumer.name}"):
            if database:
                await _forget(connection, database, plan)
            await deliver_again(connection, plan)
            if not wait_s:
                return 0
            return await caught_up(connection, plan, wait_s, _tell)


async def _forget(connection: Connection, database: str, plan: Plan) -> None:
    async with opened(plan.consumer.service, database) as own:
        gone = await forget(connection, own, plan)
    out.print(f"{plan.consumer.service} has forgotten {gone} events")


def _show(plan: Plan, running: list[str], forgetting: bool) -> None:
    reactions = plan.consumer.reactions
    if plan.shortened:
        out.print(f"older events are left out: {plan.consumer.name} no longer remembers which it has applied")
    columns = [("subject", "bold"), ("events", ""), ("from", ""), ("to", ""), ("applied again", "")]
    rows = []
    for each in plan.parts:
        again = forgetting and reactions[each.subject].again
        effect = "all of it" if again else "only what was lost"
        times = [f"{time:%Y-%m-%d %H:%M:%S}" for time in (each.first, each.last)]
        rows.append([each.subject, str(each.count), *times, effect])
    if not rows:
        out.print(
            f"{plan.consumer.stream} has no event for {plan.consumer.name} from there on", style="green"
        )
        return
    show_table(columns, rows)
    for subject, reaction in sorted(reactions.items()) if forgetting else ():
        kept = "is forgotten first" if reaction.again else "stays remembered"
        out.print(f"{subject} {kept}: {reaction.why}", style="dim", markup=False)
    waiting = f" ({plan.waiting} of it not handled yet anyway)" if plan.waiting else ""
    who = ", ".join(running) or f"{plan.consumer.service} once it runs: it does not now"
    out.print(
        f"{plan.consumer.stream} from sequence {plan.start} on{waiting}; handled by {who}", markup=False
    )


def _tell(left: int) -> None:
    if err.is_terminal:
        err.print(f"events: {left} left", style="dim", end="\r")
