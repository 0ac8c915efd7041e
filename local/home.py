"""Where one running copy keeps everything: BANYAN_HOME, its folders, and the lock against a second copy."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from local.errors import LocalError
from local.paths import ROOT

SHARED = ROOT / ".banyan"


@dataclass(frozen=True, slots=True)
class Home:
    """The folders of one copy. Environment and builds are shared by all copies of the tree (`SHARED`)."""

    path: Path

    @classmethod
    def from_environment(cls) -> Home:
        """BANYAN_HOME, or `.banyan` in the tree."""
        return cls(Path(os.environ.get("BANYAN_HOME") or SHARED).expanduser().resolve())

    @property
    def data(self) -> Path:
        """What `down --wipe` removes: the stores' and stand-ins' files and the seed's mark."""
        return self.path / "data"

    @property
    def logs(self) -> Path:
        """One JSON-lines file for each process."""
        return self.path / "logs"

    @property
    def run(self) -> Path:
        """Generated configuration files of the stores; rewritten at each start."""
        return self.path / "run"

    @property
    def secrets_file(self) -> Path:
        """Generated passwords, mode 0600."""
        return self.path / "secrets.json"

    @property
    def socket(self) -> Path:
        """The supervisor's control socket."""
        return self.path / "control.sock"

    @property
    def lock_file(self) -> Path:
        """Locked for as long as a supervisor lives; holds its process id."""
        return self.path / "supervisor.lock"

    def create(self) -> None:
        """Makes the folders; only the owner may look into those that hold secrets."""
        try:
            self.path.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise LocalError(
                f"BANYAN_HOME {self.path} can't be made ({error.strerror}): set it to a folder of yours"
            ) from None
        for folder in (self.data, self.logs):
            folder.mkdir(exist_ok=True)
        self.run.mkdir(mode=0o700, exist_ok=True)
        self.run.chmod(0o700)

    def supervisor_pid(self) -> int | None:
        """The process id of the living supervisor of this home, None when there is none."""
        try:
            with self.lock_file.open("r+") as file:
                try:
                    fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                except BlockingIOError:
                    text = file.read().strip()
                    return int(text) if text.isdigit() else 0
        except FileNotFoundError:
            pass
        return None

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Holds this home for one supervisor; raises LocalError when another one has it."""
        with self.lock_file.open("a+") as file:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                raise already_running(self) from None
            file.truncate(0)
            file.write(f"{os.getpid()}\n")
            file.flush()
            try:
                yield
            finally:
                with suppress(FileNotFoundError):
                    self.socket.unlink()
                file.truncate(0)


def already_running(home: Home) -> LocalError:
    """The sentence for a second `up` in one home."""
    return LocalError(
        f"the mesh of {home.path} is already running (pid {home.supervisor_pid()}): see `./banyan status`, "
        "stop it with `./banyan down`, or run a second copy with another BANYAN_HOME and --port-base"
    )
