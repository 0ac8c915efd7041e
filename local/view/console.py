"""The two consoles every verb prints to."""

from __future__ import annotations

import sys

from rich.console import Console

out = Console(highlight=False, soft_wrap=not sys.stdout.isatty())
err = Console(stderr=True, highlight=False, soft_wrap=True)


def complain(text: str) -> None:
    """One line about what went wrong."""
    err.print("banyan: ", style="bold red", end="")
    err.print(text, markup=False)
