"""`events`: tail the streams, list dead letters, send them again, rebuild a consumer."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Sequence
from typing import Annotated

import typer

from local.control.client import ask
from local.errors import LocalError
from local.events import broker
from local.events.messages import DLQ_STREAM, Stored
from local.home import Home
from local.stores import nats
from local.verbs.events_rebuild import rebuild
from local.view.asking import confirmed
from local.view.console import out
from local.view.tables import show_table

Json = Annotated[bool, typer.Option("--json", help="One JSON document for each event.")]
MAX_LETTERS = 10_000


def register(app: typer.Typer) -> None:
    """Adds the verb and its four parts."""
    group = typer.Typer(help="Look at events, and have them handled again.", no_args_is_help=True)
    group.command()(tail)
    group.command()(dlq)
    group.command()(replay)
    group.command()(rebuild)
    app.add_typer(group, name="events")


def tail(
    subject: Annotated[str, typer.Argument(help="Such as order.confirmed or 'order.>'; all without.")] = "",
    last: Annotated[int, typer.Option("-n", min=0, max=1000, help="How many old ones, by stream.")] = 10,
    follow: Annotated[bool, typer.Option("-f", "--follow", help="Then each new one until Ctrl-C.")] = False,
    as_json: Json = False,
) -> int:
    """Show the newest events."""
    asyncio.run(_tail(subject, last, follow, as_json))
    return 0


async def _tail(subject: str, count: int, follow: bool, as_json: bool) -> None:
    async with broker.connected(_url()) as connection:
        names = await broker.streams(connection)
        wanted = [name for name in names if _in_stream(name, subject)]
        if not wanted:
            raise LocalError(f"no stream has {subject!r}: there are {', '.join(names) or 'none yet'}")
        batches = [await broker.last(connection, name, count, subject) for name in wanted]
        old = [event for batch in batches for event in batch]
        for event in sorted(old, key=lambda each: each.headers.get("ce-time", "")):
            _show(event, as_json)
        if follow:

            async def one(name: str) -> None:
                async for event in broker.follow(connection, name, subject):
                    _show(event, as_json)

            await asyncio.gather(*(one(name) for name in wanted))


def dlq(as_json: Json = False) -> int:
    """List what consumers could not handle, with the reason."""
    letters = asyncio.run(_letters())
    if as_json:
        for letter in letters:
            _show(letter, True)
    elif letters:
        _letter_table(letters)
    else:
        out.print("no dead letters", style="green")
    return 0


def replay(
    sequences: Annotated[
        list[int] | None, typer.Argument(metavar="[SEQUENCE]...", help="As dlq lists.")
    ] = None,
    every: Annotated[bool, typer.Option("--all", help="All dead letters.")] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what would be done.")] = False,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
) -> int:
    """Send dead letters again, to all consumers of their subject; those that had their effect ignore them.

    Exit code 0: sent (or nothing to send), 1: refused.
    """
    if bool(sequences) == every:
        raise LocalError(
            "name the dead letters by their sequence as `./banyan events dlq` lists them, or use --all"
        )
    letters = asyncio.run(_letters())
    chosen = letters if every else [each for each in letters if each.sequence in set(sequences or [])]
    missing = set(sequences or []) - {each.sequence for each in chosen}
    if missing:
        raise LocalError(f"no dead letter {', '.join(map(str, sorted(missing)))}: see `./banyan events dlq`")
    if not chosen:
        out.print("no dead letters", style="green")
        return 0
    _letter_table(chosen)
    if dry_run:
        return 0
    if not confirmed(f"send {len(chosen)} again?", yes=yes):
        out.print("nothing was done", style="yellow")
        return 1
    asyncio.run(_replay(chosen))
    out.print(f"{len(chosen)} sent again", style="green")
    return 0


async def _letters() -> list[Stored]:
    async with broker.connected(_url()) as connection:
        return await broker.last(connection, DLQ_STREAM, MAX_LETTERS)


async def _replay(letters: Sequence[Stored]) -> None:
    async with broker.connected(_url()) as connection:
        await broker.replay(connection, letters)


def _url() -> str:
    return nats.url(int(ask(Home.from_environment(), "status")["port_base"]))


def _in_stream(name: str, subject: str) -> bool:
    head = subject.partition(".")[0]
    return head in {"", "*", ">"} or head == name.lower()


def _letter_table(letters: Sequence[Stored]) -> None:
    columns = [("sequence", "bold"), ("consumer", ""), ("subject", ""), ("time", ""), ("reason", "red")]
    rows = []
    for letter in letters:
        known = letter.as_json()
        rows.append([str(letter.sequence), known["consumer"], letter.subject, known["time"], known["reason"]])
    show_table(columns, rows)


def _show(event: Stored, as_json: bool) -> None:
    known = event.as_json()
    if as_json:
        print(json.dumps(known), flush=True)
        return
    out.print(f"{known['time']}  ", style="dim", end="")
    out.print(f"{event.subject:<24}", style="bold", end=" ")
    out.print(f"{known['entity']}  {json.dumps(known['data'])[:160]}", markup=False)
