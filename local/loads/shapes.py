"""Which shapes there are: the modules of loadtests/shapes that hold one."""

from __future__ import annotations

import ast
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from local.errors import LocalError
from local.paths import ROOT
from local.topology import unknown_name

FOLDER: Final = ROOT / "loadtests/shapes"
LOCUSTFILE: Final = ROOT / "loadtests/locustfile.py"
SUPPORT: Final = {"__init__", "stages"}


@dataclass(frozen=True, slots=True)
class Shape:
    """One module of shapes; `name` is how it is called on the command line."""

    name: str
    file: Path
    meaning: str

    @property
    def locustfiles(self) -> str:
        """What locust's `-f` takes."""
        return f"{LOCUSTFILE},{self.file}"


def shapes() -> dict[str, Shape]:
    """Name → shape, in order of their names. Read as text: locust is not in this environment."""
    found = (path for path in sorted(FOLDER.rglob("*.py")) if path.stem not in SUPPORT)
    return {shape.name: shape for shape in map(_shape, found)}


def shape(name: str) -> Shape:
    """The shape of this name; LocalError that names the most similar one."""
    known = shapes()
    if name not in known:
        raise unknown_name("shape", name, known)
    return known[name]


def _shape(path: Path) -> Shape:
    meaning = ast.get_docstring(ast.parse(path.read_text()))
    if not meaning:
        raise LocalError(f"{path} says nothing about its shape: it needs a docstring")
    name = "-".join(path.relative_to(FOLDER).with_suffix("").parts).replace("_", "-")
    return Shape(name, path, meaning.splitlines()[0])
