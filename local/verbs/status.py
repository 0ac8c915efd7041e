"""`status`: every process, for people or as JSON."""

from __future__ import annotations

import json
from typing import Annotated

import typer

from local.control.client import ask
from local.home import Home
from local.view.tables import status_table


def register(app: typer.Typer) -> None:
    """Adds the verb."""
    app.command()(status)


def status(as_json: Annotated[bool, typer.Option("--json", help="As JSON.")] = False) -> int:
    """Show every process, stores and stand-ins included."""
    answer = ask(Home.from_environment(), "status")
    if as_json:
        print(json.dumps(answer, indent=1))
    else:
        status_table(answer)
    return 0
