"""Asks before something is done that can't be undone by itself."""

from __future__ import annotations

import sys

import typer

from local.errors import LocalError


def confirmed(question: str, *, yes: bool) -> bool:
    """True with `yes`; else asks on a terminal. LocalError when there is no terminal to ask on."""
    if yes:
        return True
    if not sys.stdin.isatty():
        raise LocalError("nothing was done: there is no terminal to ask on, repeat with --yes")
    return typer.confirm(question)
