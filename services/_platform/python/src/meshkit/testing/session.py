"""What the processes of one test session share: a folder, and servers that live as long as the session."""

from __future__ import annotations

import fcntl
import json
import os
import pwd
import shutil
import signal
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

_FOLDER_VARIABLE: Final = "MESHKIT_TEST_SESSION"
_OWNER_FILE: Final = "owner"
_PREFIX: Final = "meshkit-test-"
UNPRIVILEGED: Final = "nobody"


def begin() -> bool:
    """Makes the session's folder, unless this is a worker of a session that has one; True when it was made here."""
    if os.environ.get("PYTEST_XDIST_WORKER") and _FOLDER_VARIABLE in os.environ:
        return False
    _remove_remains()
    made = Path(tempfile.mkdtemp(prefix=_PREFIX))
    made.chmod(0o755)  # an unprivileged server walks through it
    (made / _OWNER_FILE).write_text(str(os.getpid()))
    os.environ[_FOLDER_VARIABLE] = str(made)
    return True


def _remove_remains() -> None:
    """Deletes the folders of sessions that were killed before they could."""
    for found in Path(tempfile.gettempdir()).glob(f"{_PREFIX}*"):
        try:
            pid = int((found / _OWNER_FILE).read_text())
        except (OSError, ValueError):  # being made or being deleted at this moment
            continue
        if not Path(f"/proc/{pid}").exists():
            shutil.rmtree(found, ignore_errors=True)


def end() -> None:
    """Stops the session's servers, waits for them, and removes the folder; for the process where it began."""
    root = folder()
    for state in root.glob("*.json"):
        _stop(int(json.loads(state.read_text())["keeper"]))
    shutil.rmtree(root, ignore_errors=True)
    os.environ.pop(_FOLDER_VARIABLE, None)


def folder() -> Path:
    """The session's folder; workers see the same one."""
    return Path(os.environ[_FOLDER_VARIABLE])


def owner() -> int:
    """The process whose end ends the session."""
    return int((folder() / _OWNER_FILE).read_text())


@contextmanager
def locked(name: str) -> Iterator[None]:
    """Holds a lock that all processes of the session respect."""
    with (folder() / f"{name}.lock").open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def shared(name: str, start: Callable[[], dict[str, Any]]) -> dict[str, Any]:
    """The state of the session's server `name`; the first to ask starts it. `start` returns at least `keeper`, a pid."""
    state = folder() / f"{name}.json"
    with locked(name):
        if not state.exists():
            state.write_text(json.dumps(start()))
        found: dict[str, Any] = json.loads(state.read_text())
        return found


def once(name: str, make: Callable[[], None]) -> None:
    """Runs `make` in one process of the session only; the others wait until it is done."""
    done = folder() / f"{name}.done"
    with locked(name):
        if not done.exists():
            make()
            done.touch()


def server_account() -> str | None:
    """Whom a server that refuses root runs as; None when we are not root ourselves."""
    if os.getuid() != 0:
        return None
    pwd.getpwnam(UNPRIVILEGED)
    return UNPRIVILEGED


def spawn(command: list[str], log: Path) -> int:
    """Starts a keeper in a session of its own, apart from our terminal; returns its pid.

    Not a Popen: a worker may end while the keeper, which serves the others too, goes on.
    """
    actions = [
        (os.POSIX_SPAWN_OPEN, 0, os.devnull, os.O_RDONLY, 0),
        (os.POSIX_SPAWN_OPEN, 1, str(log), os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644),
        (os.POSIX_SPAWN_DUP2, 1, 2),
    ]
    return os.posix_spawn(command[0], command, os.environ, file_actions=actions, setsid=True)


def _stop(pid: int) -> None:
    try:
        os.kill(pid, signal.SIGTERM)
    except ProcessLookupError:
        return
    until = time.monotonic() + 15
    while time.monotonic() < until and not _ended(pid):
        time.sleep(0.01)


def _ended(pid: int) -> bool:
    try:
        return os.waitpid(pid, os.WNOHANG)[0] == pid
    except ChildProcessError:  # another worker's child
        return not Path(f"/proc/{pid}").exists()
