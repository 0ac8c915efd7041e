"""A killed PostgreSQL's last processes are waited for, and named when they stay."""

from __future__ import annotations

import asyncio
import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from local.errors import LocalError
from local.stores import postgres


@pytest.fixture
def leftover(tmp_path: Path) -> Iterator[subprocess.Popen[bytes]]:
    """A process that looks like one of the cluster in `tmp_path`."""
    program = tmp_path / "postgres"
    shutil.copy(str(shutil.which("sleep")), program)
    process = subprocess.Popen([str(program), "60"], cwd=tmp_path)
    yield process
    process.kill()
    process.wait()


async def test_start_waits_until_the_last_one_has_ended(
    tmp_path: Path, leftover: subprocess.Popen[bytes]
) -> None:
    waiting = asyncio.create_task(postgres.leftovers_end(tmp_path))
    done, _ = await asyncio.wait({waiting}, timeout=0.3)
    assert not done
    leftover.kill()
    leftover.wait()
    await asyncio.wait_for(waiting, 5)


async def test_one_that_stays_is_named(
    tmp_path: Path, leftover: subprocess.Popen[bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(postgres, "LEFTOVERS_DEADLINE_S", 0.2)
    with pytest.raises(LocalError, match=str(leftover.pid)):
        await postgres.leftovers_end(tmp_path)


async def test_other_clusters_do_not_matter(tmp_path: Path, leftover: subprocess.Popen[bytes]) -> None:
    await asyncio.wait_for(postgres.leftovers_end(tmp_path / "other"), 1)


def test_pid_file_of_a_killed_server_goes_though_nobody_has_reaped_it(
    tmp_path: Path, leftover: subprocess.Popen[bytes]
) -> None:
    file = tmp_path / "postmaster.pid"
    file.write_text(f"{leftover.pid}\n")
    postgres.remove_stale_pid(tmp_path)
    assert file.exists()
    leftover.kill()
    os.waitid(os.P_PID, leftover.pid, os.WEXITED | os.WNOWAIT)  # dead, and left as a zombie
    postgres.remove_stale_pid(tmp_path)
    assert not file.exists()
