"""`doctor`: checks everything that the mesh needs from this machine, before anything is started."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import Annotated

import typer

from local.doctor import Finding, examine
from local.home import Home
from local.options import port_base
from local.view.console import out

MARKS = {"ok": ("✓", "green"), "warning": ("!", "yellow"), "problem": ("✗", "bold red")}


def register(app: typer.Typer) -> None:
    """Adds the verb."""
    app.command()(doctor)


def doctor(
    as_json: Annotated[bool, typer.Option("--json", help="As JSON.")] = False,
    base: Annotated[int | None, typer.Option("--port-base", help="The ports to look at.")] = None,
) -> int:
    """Check tools, ports, disk and memory. Exit code 1 when something is missing."""
    findings = examine(Home.from_environment(), port_base(base))
    if as_json:
        print(json.dumps([asdict(finding) for finding in findings], indent=1))
    else:
        for finding in findings:
            _show(finding)
    return int(any(finding.state == "problem" for finding in findings))


def _show(finding: Finding) -> None:
    mark, style = MARKS[finding.state]
    out.print(mark, style=style, end=" ")
    out.print(f"{finding.what}: {finding.text}", markup=False, soft_wrap=True)
