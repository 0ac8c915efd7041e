"""SIGTERM ends any command of `./banyan` as Ctrl-C does: what it has to clean up is cleaned up."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path
from typing import Final

import pytest

from local.paths import ROOT

DEADLINE_S: Final = 30.0
VERB: Final = """
import asyncio, signal, sys, time
from contextlib import contextmanager
import typer
from local import cli

@contextmanager
def mesh():
    try:
        print("up", flush=True)
        yield
    finally:
        print("stopping", flush=True)
        time.sleep(0.5)
        print("down", flush=True)

async def waits() -> None:
    with mesh():
        await asyncio.sleep(60)

def in_a_loop() -> int:
    asyncio.run(waits())
    return 0

def plain() -> int:
    with mesh():
        time.sleep(60)
    return 0

def register(app: typer.Typer) -> None:
    app.command()(in_a_loop)
    app.command()(plain)

if sys.argv[2:] == ["ignoring"]:
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    del sys.argv[2:]
sys.modules["a_verb"] = sys.modules["__main__"]
cli.VERBS[sys.argv[1]] = "a_verb"
sys.exit(cli.run_as_process())
"""
"""A command line with two more verbs, which have something to clean up."""


@pytest.mark.parametrize("ignoring", [(), ("ignoring",)], ids=["", "as a shell's background job"])
@pytest.mark.parametrize("verb", ["in-a-loop", "plain"])
def test_what_runs_is_cleaned_up(tmp_path: Path, verb: str, ignoring: tuple[str, ...]) -> None:
    file = tmp_path / "a_verb.py"
    file.write_text(VERB)
    process = subprocess.Popen(
        [sys.executable, str(file), verb, *ignoring],
        env={"PYTHONPATH": str(ROOT), "NO_COLOR": "1"},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "up\n"
    process.send_signal(signal.SIGTERM)
    assert process.stdout.readline() == "stopping\n"
    process.send_signal(signal.SIGTERM)  # must not cut the clean-up short
    output, errors = process.communicate(timeout=DEADLINE_S)
    assert (output, errors, process.returncode) == ("down\n", "", 143)
