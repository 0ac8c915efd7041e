"""Starting again on SIGHUP: with new sources, after a failure too, and stopping as the child would."""

from __future__ import annotations

import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from meshkit.testing import eventually

SERVICE = """
import signal, sys, time
print({word!r}, flush=True)
signal.signal(signal.SIGTERM, lambda *_: sys.exit({code}))
{then}
time.sleep(60)
"""


@pytest.fixture
def write(tmp_path: Path) -> Callable[..., None]:
    def do(word: str, *, code: int = 0, then: str = "") -> None:
        (tmp_path / "shop.py").write_text(SERVICE.format(word=word, code=code, then=then))

    return do


@pytest.fixture
def started(tmp_path: Path, write: Callable[..., None]) -> Iterator[tuple[subprocess.Popen[str], Path]]:
    write("first")
    said = tmp_path / "said"
    with (
        said.open("w") as output,
        subprocess.Popen(
            [sys.executable, "-m", "meshkit.dev", "shop"],
            cwd=tmp_path,
            env={"PYTHONPATH": f"{tmp_path}:{':'.join(sys.path)}", "PYTHONDONTWRITEBYTECODE": "1"},
            stdout=output,
            stderr=subprocess.STDOUT,
            text=True,
        ) as process,
    ):
        yield process, said
        process.terminate()
        process.wait(10)


async def test_new_sources_are_taken_up(
    started: tuple[subprocess.Popen[str], Path], write: Callable[..., None]
) -> None:
    process, said = started
    await eventually(lambda: said.read_text() == "first\n")
    write("second")
    process.send_signal(signal.SIGHUP)
    await eventually(lambda: said.read_text() == "first\nsecond\n")
    assert process.poll() is None


async def test_sources_that_fail_are_waited_out(
    started: tuple[subprocess.Popen[str], Path], write: Callable[..., None]
) -> None:
    process, said = started
    await eventually(lambda: "first" in said.read_text())
    write("bad", then="sys.exit(3)")
    process.send_signal(signal.SIGHUP)
    await eventually(lambda: "ended with 3; waiting for new sources" in said.read_text())
    write("mended")
    process.send_signal(signal.SIGHUP)
    await eventually(lambda: said.read_text().endswith("mended\n"))


async def test_a_stop_is_passed_on_and_its_code_comes_back(
    started: tuple[subprocess.Popen[str], Path], write: Callable[..., None]
) -> None:
    process, said = started
    await eventually(lambda: "first" in said.read_text())
    process.terminate()
    assert process.wait(10) == 0
