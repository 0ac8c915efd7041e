"""`python -m meshkit.dev MODULE`: a service that starts again on SIGHUP, for development with sources that change.

A container that ended each time would have to wait longer and longer for Kubernetes to start it again.
"""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from types import FrameType
from typing import Final

LOOK_EVERY_S: Final = 0.1
AGAIN: Final = signal.SIGHUP
STOPS: Final = (signal.SIGTERM, signal.SIGINT)


class Reloader:
    """Keeps one child; `run` returns the child's own exit code when it ends by itself or was told to stop."""

    def __init__(self, command: Sequence[str]) -> None:
        self._command = command
        self._child: subprocess.Popen[bytes] | None = None
        self._again = self._stopped = False

    def run(self) -> int:
        """Starts the child, and again after each SIGHUP, also when it has failed meanwhile: its sources may be mended."""
        signal.signal(AGAIN, self._reload)
        for number in STOPS:
            signal.signal(number, self._stop)
        while True:
            self._again = False
            self._child = subprocess.Popen(self._command)
            code = self._child.wait()
            if code > 0 and not (self._again or self._stopped):
                sys.stderr.write(f"ended with {code}; waiting for new sources\n")
                while not (
                    self._again or self._stopped
                ):  # a look, since a signal may come just before a pause
                    time.sleep(LOOK_EVERY_S)
            if not self._again:
                return max(code, 0)

    def _reload(self, _number: int, _frame: FrameType | None) -> None:
        self._again = True
        self._tell(signal.SIGTERM)

    def _stop(self, number: int, _frame: FrameType | None) -> None:
        self._again, self._stopped = False, True
        self._tell(number)

    def _tell(self, number: int) -> None:
        if self._child is not None and self._child.poll() is None:
            self._child.send_signal(number)


if __name__ == "__main__":
    sys.exit(Reloader([sys.executable, "-m", *sys.argv[1:]]).run())
