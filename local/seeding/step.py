"""Decides what is still to be seeded, and has it done by `python -m local.seeding`."""

from __future__ import annotations

import hashlib
import json
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from local.commands import run
from local.environment import inherited
from local.paths import ROOT
from local.seeding.people import PASSWORD_VARIABLE, Staff, staff_from_environment

VERSION = "2"
"""Raise it when the catalogue changes, so that existing homes get the new one."""
PARTS = ("product", "inventory", "user")
DEADLINE_S = 120.0


@dataclass(frozen=True, slots=True)
class SeedPlan:
    """What to seed: the services, and the member of staff unless one was made before."""

    services: tuple[str, ...]
    staff: Staff | None
    marks: Mapping[str, str]
    """What the marker says afterwards."""


def marker(data: Path) -> Path:
    """Lies with the data, so that it goes when they go."""
    return data / "seeded.json"


def plan(data: Path, services: tuple[str, ...], environment: Mapping[str, str], *, again: bool) -> SeedPlan:
    """Compares the marker with what is wanted. Staff is made once, and again when its variables change."""
    marks = {} if again else _read(marker(data))
    staff = staff_from_environment()
    wanted = {part: VERSION for part in PARTS if part in services}
    if "user" in wanted:
        if "user" in marks and PASSWORD_VARIABLE not in environment:
            wanted["user"] = marks["user"]
        else:
            digest = hashlib.scrypt(
                f"{staff.email}\0{staff.password}".encode(), salt=b"banyan", n=2**12, r=8, p=1
            )
            wanted["user"] = f"{VERSION} {digest.hex()}"
    missing = tuple(part for part, mark in wanted.items() if marks.get(part) != mark)
    return SeedPlan(missing, staff if "user" in missing else None, {**marks, **wanted})


def _read(path: Path) -> dict[str, str]:
    try:
        return dict(json.loads(path.read_text()))
    except (FileNotFoundError, ValueError):
        return {}


async def carry_out(todo: SeedPlan, addresses: Mapping[str, str], data: Path) -> None:
    """Fills the services at `addresses`; the marker is written last."""
    staff = {"email": todo.staff.email, "password": todo.staff.password} if todo.staff else None
    task = {"addresses": {name: addresses[name] for name in todo.services}, "staff": staff}
    await run(
        (sys.executable, "-P", "-m", "local.seeding"),
        "seeding",
        directory=ROOT,
        environment=inherited("") | {"GRPC_VERBOSITY": "ERROR"},
        stdin=json.dumps(task).encode(),
        deadline_s=DEADLINE_S,
    )
    fresh = marker(data).with_suffix(".new")
    fresh.touch(mode=0o600)
    fresh.write_text(json.dumps(dict(todo.marks)))
    fresh.replace(marker(data))
