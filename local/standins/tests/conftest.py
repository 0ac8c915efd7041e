"""Starts real stand-in processes on free ports; nothing sleeps, everything has a limit."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx2
import pytest

START_LIMIT_S = 30
STOP_LIMIT_S = 2.0  # what the stand-ins promise
REPOSITORY = Path(__file__).parents[3]


class Process:
    """One running stand-in: an HTTP client in front, its log lines behind."""

    def __init__(self, module: str, data: Path, *args: str, **env: str) -> None:
        command = [sys.executable, "-m", f"local.standins.{module}", "--listen", "127.0.0.1:0"]
        self._process = subprocess.Popen(
            [*command, "--data", str(data), *args],
            stderr=subprocess.PIPE,
            text=True,
            cwd=REPOSITORY,
            env=os.environ | env,
        )
        self.lines: list[dict[str, Any]] = []
        self._ready = threading.Event()
        self._reader = threading.Thread(target=self._read)
        self._reader.start()
        if (
            not self._ready.wait(START_LIMIT_S)
            or not self.lines
            or self.lines[-1].get("event") == "start failed"
        ):
            self.kill()
            raise AssertionError(f"{module} did not start: {self.lines}")
        ready = next(line for line in self.lines if line["event"] == "ready")
        self.smtp = ready.get("smtp", "")
        self.http = httpx2.Client(base_url=f"http://{ready['http']}", timeout=30)

    def _read(self) -> None:
        assert self._process.stderr is not None
        with self._process.stderr as stream:
            for line in stream:
                self.lines.append(json.loads(line))
                if self.lines[-1]["event"] == "ready":
                    self._ready.set()
        self._ready.set()

    @property
    def pid(self) -> int:
        """The process id."""
        return self._process.pid

    def stop(self) -> int:
        """SIGTERM; returns the exit code, fails when it takes longer than promised."""
        self._process.send_signal(signal.SIGTERM)
        return self._end(STOP_LIMIT_S)

    def kill(self) -> int:
        """SIGKILL, as a crash."""
        self._process.kill()
        return self._end(10)

    def _end(self, limit_s: float) -> int:
        if hasattr(self, "http"):
            self.http.close()
        code = self._process.wait(limit_s)
        self._reader.join(10)
        return code

    def close(self) -> None:
        """Ends it if it still runs."""
        if self._process.poll() is None:
            self.kill()


Start = Callable[..., Process]


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Start]:
    """`start("carrier", CARRIER_STEP_S="0.1")`; the data folder stays, so a second start is a restart."""
    running: list[Process] = []

    def launch(module: str, *args: str, **env: str) -> Process:
        running.append(Process(module, tmp_path / "data", *args, **env))
        return running[-1]

    yield launch
    for process in running:
        process.close()


@pytest.fixture
def provider(start: Start) -> Process:
    """A payment provider with empty books."""
    return start("payment_provider")


@pytest.fixture
def sinks(start: Start) -> Process:
    """Sinks with empty books."""
    return start("sinks")


@pytest.fixture
def mail(start: Start) -> Process:
    """An empty mail catcher."""
    return start("mail", "--smtp", "127.0.0.1:0")
