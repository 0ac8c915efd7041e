"""Ports of a cluster's Services on this machine's loopback, by `kubectl port-forward`."""

from __future__ import annotations

import re
import selectors
import subprocess
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import IO, Final

from local.errors import LocalError

FORWARDING: Final = re.compile(r"Forwarding from (127\.0\.0\.1:\d+) ->")
DEADLINE_S: Final = 20.0
STOP_S: Final = 5.0


@contextmanager
def forwards(kubectl: Path, namespace: str, wanted: Mapping[str, int]) -> Iterator[dict[str, str]]:
    """`127.0.0.1:port` for each Service and port of `wanted`, for as long as the context lasts.

    LocalError with kubectl's own words when one of them can't be had within 20 s.
    """
    with ExitStack() as stack:
        running = {
            name: stack.enter_context(_forward(kubectl, namespace, name, port))
            for name, port in wanted.items()
        }
        until = time.monotonic() + DEADLINE_S
        yield {name: _address(process, name, until) for name, process in running.items()}


@contextmanager
def _forward(kubectl: Path, namespace: str, name: str, port: int) -> Iterator[subprocess.Popen[str]]:
    words = [str(kubectl), "-n", namespace, "port-forward", f"service/{name}", f":{port}"]
    with subprocess.Popen(
        words, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL, text=True
    ) as process:
        try:
            yield process
        finally:
            process.terminate()
            try:
                process.wait(STOP_S)
            except subprocess.TimeoutExpired:
                process.kill()


def _address(process: subprocess.Popen[str], name: str, until: float) -> str:
    assert process.stdout is not None
    said = ""
    while (line := _line(process.stdout, until)) is not None:
        found = FORWARDING.search(line)
        if found:
            return found[1]
        said = line.strip() or said
    raise LocalError(f"service {name} of the cluster can't be reached: {said or 'kubectl said nothing'}")


def _line(output: IO[str], until: float) -> str | None:
    """The next line; None at the end of output or when time is over."""
    with selectors.DefaultSelector() as selector:
        selector.register(output, selectors.EVENT_READ)
        if not selector.select(max(until - time.monotonic(), 0)):
            return None
    return output.readline() or None
