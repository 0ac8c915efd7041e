"""`gen`: regenerates the committed code from the contracts."""

from __future__ import annotations

import subprocess

import typer

from local.builds.tools import build_environment
from local.paths import ROOT


def register(app: typer.Typer) -> None:
    """Adds the verb."""
    app.command()(gen)


def gen() -> int:
    """Generate code from the contracts (protos/generate.sh)."""
    return subprocess.call([str(ROOT / "protos" / "generate.sh")], env=build_environment(), cwd=ROOT)
