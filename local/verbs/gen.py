"""`gen`: regenerates what is committed and follows from something else."""

from __future__ import annotations

import subprocess

import typer

from local.builds.tools import build_environment
from local.charts import generate as charts
from local.paths import ROOT


def register(app: typer.Typer) -> None:
    """Adds the verb."""
    app.command()(gen)


def gen() -> int:
    """Generate code from the contracts (protos/generate.sh), and what the charts' sources imply."""
    charts.write()
    return subprocess.call([str(ROOT / "protos" / "generate.sh")], env=build_environment(), cwd=ROOT)
