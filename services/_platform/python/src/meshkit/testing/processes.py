"""Servers for tests: on a free loopback port, gone at the latest when the test process is."""

from __future__ import annotations

import ctypes
import os
import shutil
import signal
import socket
import subprocess
import sys
import sysconfig
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final

HOST: Final = "127.0.0.1"
_PR_SET_PDEATHSIG: Final = 1
_READY_LIMIT_S: Final = 30.0


def free_port() -> int:
    """A port that was free a moment ago."""
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        return int(probe.getsockname()[1])


def installed_binary(name: str) -> str:
    """A program of the running environment's `bin`, else of the PATH."""
    own = Path(sysconfig.get_path("scripts")) / name
    found = str(own) if own.exists() else shutil.which(name)
    if found is None:
        raise FileNotFoundError(f"{name} is not installed in this environment")
    return found


def dies_with_parent(number: signal.Signals) -> Callable[[], None]:
    """For `preexec_fn`: the kernel sends `number` when the starting process ends, however it ends."""
    prctl, parent = ctypes.CDLL(None, use_errno=True).prctl, os.getpid()

    def in_child() -> None:
        prctl(_PR_SET_PDEATHSIG, int(number), 0, 0, 0)
        if os.getppid() != parent:
            os._exit(1)

    return in_child


class ServerProcess:
    """One server of this process: `start`, `stop`, and `kill` to see what others make of its loss."""

    def __init__(self, command: Sequence[str], port: int, log: Path) -> None:
        self._command = list(command)
        self._log = log
        self._process: subprocess.Popen[bytes] | None = None
        self.port = port

    def start(self) -> None:
        """Starts it and waits until it accepts connections; raises RuntimeError with its log when it does not."""
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(
                self._command,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                preexec_fn=dies_with_parent(signal.SIGKILL),  # noqa: PLW1509 - one prctl call, no locks
            )
        wait_for_port(
            self.port, lambda: self._process is not None and self._process.poll() is None, self._log
        )

    def stop(self) -> None:
        """Ends it and waits for its end."""
        self._end(signal.SIGTERM)

    def kill(self) -> None:
        """Ends it without a chance to clean up."""
        self._end(signal.SIGKILL)

    def _end(self, number: signal.Signals) -> None:
        process, self._process = self._process, None
        if process is None:
            return
        process.send_signal(number)
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait(10)


def wait_for_port(port: int, alive: Callable[[], bool], log: Path) -> None:
    """Returns when the port accepts connections; RuntimeError when the server ended or 30 s have passed."""
    until = time.monotonic() + _READY_LIMIT_S
    while time.monotonic() < until:
        if not alive():
            raise RuntimeError(f"the server ended: {log.read_text(errors='replace')[-2000:]}")
        try:
            with socket.create_connection((HOST, port), timeout=1):
                return
        except OSError:
            time.sleep(0.01)
    raise RuntimeError(f"no answer on port {port}: {log.read_text(errors='replace')[-2000:]}")


def keeper_command(owner: int, folder: Path, account: str | None, command: Sequence[str]) -> list[str]:
    """The command that runs `command` as `account` while process `owner` lives, then deletes `folder`."""
    keeper = Path(__file__).with_name("keeper.py")
    return [sys.executable, "-I", "-S", str(keeper), str(owner), str(folder), account or "-", *command]
