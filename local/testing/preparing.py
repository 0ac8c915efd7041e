"""What must be built before kinds of tests run side by side, so that no two of them build the same thing at once."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence

from local import topology
from local.builds import all as builds
from local.builds.recipe import build
from local.testing.kinds import Kind

_BUILT: dict[str, frozenset[str]] = {
    "node": frozenset({"typescript"}),
    "mesh": frozenset({"go", "java", "typescript"}),
}
"""Need of a kind → languages whose services it wants built."""


def prepare(kinds: Sequence[Kind], says: Callable[[str], None]) -> None:
    """Builds what the kinds need, one after the other; LocalError when a build fails."""
    languages = {language for kind in kinds for need in kind.needs for language in _BUILT.get(need, ())}
    for row in topology.SERVICES:
        recipe = builds.recipe(row) if row.language in languages else None
        if recipe and asyncio.run(build(recipe)):
            says(f"built {row.name}")
