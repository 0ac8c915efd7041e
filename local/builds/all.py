"""Which service is built how, and how each is run."""

from __future__ import annotations

import sys

from local.builds import go, java, typescript
from local.builds.recipe import Recipe
from local.paths import ROOT
from local.topology import ServiceRow

_SOURCES = {"python": "src", "go": "go.mod", "java": "pom.xml", "typescript": "package.json"}


def exists(row: ServiceRow) -> bool:
    """Whether the tree holds this service's source."""
    return (ROOT / "services" / row.name / _SOURCES[row.language]).exists()


def recipe(row: ServiceRow) -> Recipe | None:
    """How it is built; None for Python, which needs no build."""
    makers = {"go": go.recipe, "java": java.recipe, "typescript": typescript.recipe}
    maker = makers.get(row.language)
    return maker(row.name) if maker else None


def command(row: ServiceRow) -> tuple[str, ...]:
    """The command of a built service, to be run in its folder."""
    if row.language == "go":
        return (str(go.binary(row.name)),)
    if row.language == "java":
        return java.command(row.name)
    if row.language == "typescript":
        return typescript.command(row.name)
    return (sys.executable, "-P", "-m", row.name)
