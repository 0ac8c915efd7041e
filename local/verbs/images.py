"""`images`: container images of everything, built by the services' own Dockerfiles."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Sequence
from typing import Annotated

import typer

from local.home import Home
from local.images import table
from local.images.builder import Builder, find
from local.images.make import Made, make, write
from local.images.sizes import sizes
from local.paths import ROOT
from local.view.console import err, out
from local.view.tables import show_table

Names = Annotated[list[str] | None, typer.Argument(metavar="[NAME]...", help="Only these; else all.")]
Registry = Annotated[str, typer.Option(metavar="HOST", help="Put before every name, such as ghcr.io/you.")]
AsJson = Annotated[bool, typer.Option("--json", help="As one JSON document.")]


def register(app: typer.Typer) -> None:
    """Adds the verb and its parts."""
    group = typer.Typer(no_args_is_help=True, help="Build, push and list container images.")
    group.command()(build)
    group.command()(push)
    group.command("list")(listed)
    group.command("sizes")(show_sizes)
    app.add_typer(group, name="images")


def build(names: Names = None, registry: Registry = "", *, as_json: AsJson = False) -> int:
    """Build what has changed. A tag is a digest of all that goes into the image."""
    return _made(names, registry, push_too=False, as_json=as_json)


def push(names: Names = None, registry: Registry = "", *, as_json: AsJson = False) -> int:
    """Build what has changed, and push all to the registry."""
    return _made(names, registry, push_too=True, as_json=as_json)


def _made(names: Sequence[str] | None, registry: str, *, push_too: bool, as_json: bool) -> int:
    home, builder = _at_hand()
    made = make(
        builder,
        table.chosen(names or ()),
        registry.rstrip("/"),
        push=push_too,
        revision=_revision(),
        tell=_tell,
    )
    target = home.path / "images-values.yaml"
    write(made, registry.rstrip("/"), target)
    if as_json:
        print(json.dumps({each.image.name: each.reference for each in made}, indent=1))
    else:
        show_table([("image", "bold"), ("", ""), ("reference", "dim")], [_row(each) for each in made])
        out.print(f"\nfor helm: -f {target}", style="dim")
    return 0


def _row(made: Made) -> list[str]:
    done = ["built" if made.built else "unchanged", *(["pushed"] if made.pushed else [])]
    return [made.image.name, ", ".join(done), made.reference]


def listed(names: Names = None, *, as_json: AsJson = False) -> int:
    """Show every image, the tag of its present content, and its Dockerfile."""
    rows = [[image.name, table.tag(image), image.dockerfile] for image in table.chosen(names or ())]
    if as_json:
        print(
            json.dumps(
                [dict(zip(("image", "tag", "dockerfile"), row, strict=True)) for row in rows], indent=1
            )
        )
    else:
        show_table([("image", "bold"), ("tag", ""), ("dockerfile", "dim")], rows)
    return 0


def show_sizes(names: Names = None, registry: Registry = "", *, as_json: AsJson = False) -> int:
    """Show how much each built image adds to its base. Exit code 1 when one is above its limit."""
    _, builder = _at_hand()
    found = sizes(builder, table.chosen(names or ()), registry.rstrip("/"))
    if as_json:
        print(json.dumps([each.document() for each in found], indent=1))
    else:
        columns = [("image", "bold"), ("adds MB", ""), ("limit", ""), ("in all", "dim"), ("base", "dim")]
        show_table(columns, [each.row() for each in found])
    return int(any(each.too_large for each in found))


def _at_hand() -> tuple[Home, Builder]:
    home = Home.from_environment()
    home.create()
    return home, find(home.logs / "images")


def _revision() -> str:
    done = subprocess.run(["git", "rev-parse", "HEAD"], cwd=ROOT, capture_output=True, text=True, check=False)
    return done.stdout.strip() or "unknown"


def _tell(name: str, state: str) -> None:
    err.print(f"images: {name}: {state}", style="dim", markup=False)
