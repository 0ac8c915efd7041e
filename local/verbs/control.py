"""`start`, `stop`, `restart`, `scale`: single processes of a running mesh."""

from __future__ import annotations

import time
from typing import Annotated

import typer

from local import topology
from local.control.client import ask
from local.home import Home
from local.rolling import RECONNECTED_S, rolling_order
from local.view.console import out

Name = Annotated[str, typer.Argument(help="A service, store or stand-in; product-2 is its second replica.")]


def register(app: typer.Typer) -> None:
    """Adds the verbs."""
    for verb in (start, stop, restart, scale):
        app.command()(verb)


def start(name: Name) -> int:
    """Start a stopped process and wait until it is ready."""
    return _do("start", name, "ready")


def stop(name: Name) -> int:
    """Stop a process; it stays down until it is started."""
    return _do("stop", name, "stopped")


def restart(
    names: Annotated[list[str] | None, typer.Argument(metavar="[NAME]...", help="As for start.")] = None,
    rolling: Annotated[
        bool, typer.Option("--rolling", help="Whole services (none named: all) without losing a request.")
    ] = False,
) -> int:
    """Stop and start processes, one replica after the other."""
    if rolling:
        return _roll(names or [])
    if not names:
        raise typer.BadParameter("name what to restart, or restart every service with --rolling")
    for name in names:
        _do("restart", name, "ready")
    return 0


def _group(process: str) -> str:
    return topology.split_name(process)[0]


def _roll(services: list[str]) -> int:
    home = Home.from_environment()
    order = rolling_order(ask(home, "status")["processes"], services)
    for number, name in enumerate(order, 1):
        if number > 1 and _group(name) == _group(order[number - 2]):
            time.sleep(RECONNECTED_S)
        began = time.monotonic()
        ask(home, "restart", name=name)
        out.print(f"{number}/{len(order)}  {name}: ready after {time.monotonic() - began:.1f} s")
    return 0


def scale(change: Annotated[str, typer.Argument(metavar="SERVICE=N")]) -> int:
    """Change how many processes a service has; those that call it restart one by one."""
    name, count = _parse(change)
    ask(Home.from_environment(), "scale", name=name, count=count)
    out.print(f"{name}: {count} running")
    return 0


def _parse(change: str) -> tuple[str, int]:
    name, _, count = change.partition("=")
    topology.service(name)
    if not count.isdigit():
        raise typer.BadParameter(f"{change!r}: write SERVICE=NUMBER, such as product=3")
    return name, int(count)


def _do(verb: str, name: str, word: str) -> int:
    topology.split_name(name)
    ask(Home.from_environment(), verb, name=name)
    out.print(f"{name}: {word}")
    return 0
