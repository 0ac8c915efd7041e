"""`seed`: fills a running mesh with its fixed products, stock and people, again if need be."""

from __future__ import annotations

import asyncio
import os

import typer

from local.control.client import ask
from local.errors import LocalError
from local.home import Home
from local.seeding.people import staff_note
from local.seeding.step import PARTS, carry_out, plan
from local.view.console import out


def register(app: typer.Typer) -> None:
    """Adds the verb."""
    app.command()(seed)


def seed() -> int:
    """Seed products, stock, customers and staff. What is there already stays as it is, or is set back."""
    home = Home.from_environment()
    processes = ask(home, "status")["processes"]
    addresses = {
        row["name"]: row["addresses"]["grpc"]
        for row in processes
        if row["name"] in PARTS and row["state"] == "ready"
    }
    missing = [part for part in PARTS if part not in addresses]
    if missing:
        raise LocalError(f"seeding needs {', '.join(missing)} to be ready: see `./banyan status`")
    todo = plan(home.data, PARTS, os.environ, again=True)
    asyncio.run(carry_out(todo, addresses, home.data))
    out.print("1,000 products in 20 categories with stock, 3 customers and 1 member of staff are there")
    if todo.staff and todo.staff.generated:
        out.print(staff_note(todo.staff), markup=False)
    return 0
