"""One supervisor over fake processes: readiness, restarts, stops, and nothing left behind."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
from itertools import pairwise
from pathlib import Path

import pytest

from local.errors import LocalError
from local.supervision import process
from local.supervision.supervisor import Supervisor, family
from local.tests.aid import LIMIT_S, alive, eventually, fake, lines

SUPERVISE = """
import asyncio, sys
from pathlib import Path
from local.supervision.children import use_pidfd
from local.supervision.supervisor import Supervisor
from local.tests.aid import fake

async def main(folder):
    use_pidfd()
    supervisor = Supervisor(folder)
    for name, word in (("plain", "-"), ("hard", "deaf"), ("other", "deaf")):
        supervisor.add(fake(name, folder, word))
        await supervisor.start(name, 10)
    (folder / "all-up").touch()
    await asyncio.Event().wait()

asyncio.run(main(Path(sys.argv[1])))
"""


async def test_start_returns_when_the_process_is_ready(supervisor: Supervisor, tmp_path: Path) -> None:
    supervisor.add(fake("one", tmp_path))
    await supervisor.start("one", LIMIT_S)
    (row,) = await supervisor.status()
    assert (row["state"], row["restarts"], len(row["pids"])) == ("ready", 0, 1)


async def test_status_tells_a_process_that_is_no_longer_ready(supervisor: Supervisor, tmp_path: Path) -> None:
    supervisor.add(fake("one", tmp_path))
    await supervisor.start("one", LIMIT_S)
    (tmp_path / "one.ready").unlink()
    (row,) = await supervisor.status()
    assert (row["state"], row["reason"]) == ("unready", "has not written its file")


async def test_a_killed_process_comes_back_and_the_restart_is_counted(
    supervisor: Supervisor, tmp_path: Path
) -> None:
    process = supervisor.add(fake("one", tmp_path))
    await supervisor.start("one", LIMIT_S)
    first = process.pid
    assert first is not None
    os.kill(first, signal.SIGKILL)
    await eventually(lambda: process.restarts == 1 and process.state == "ready", "it is back")
    assert process.pid not in (None, first)


async def test_a_process_stands_back_as_told_with_its_children_and_after_a_crash(
    supervisor: Supervisor, tmp_path: Path
) -> None:
    own = os.getpriority(os.PRIO_PROCESS, 0)
    plain = supervisor.add(fake("plain", tmp_path))
    nice = supervisor.add(fake("nice", tmp_path, "child", niceness=3))
    for name in ("plain", "nice"):
        await supervisor.start(name, LIMIT_S)
    assert _niceness(plain.pid) == [own]
    await eventually(lambda: _niceness(nice.pid) == [own + 3] * 2, "it and its child stand back")
    first = nice.pid
    assert first is not None
    os.kill(first, signal.SIGKILL)
    await eventually(lambda: nice.restarts == 1 and nice.state == "ready", "it is back")
    await eventually(lambda: _niceness(nice.pid) == [own + 3] * 2, "it stands back again")


def _niceness(pid: int | None) -> list[int]:
    """Of a process and its descendants."""
    return [os.getpriority(os.PRIO_PROCESS, each) for each in family(pid)]


async def test_a_process_that_dies_again_and_again_is_restarted_ever_more_slowly(
    supervisor: Supervisor, tmp_path: Path
) -> None:
    supervisor.add(fake("one", tmp_path, "crash")).start()
    await eventually(lambda: len(lines(tmp_path / "one.starts")) >= 4, "four starts")
    times = [float(text) for text in lines(tmp_path / "one.starts")]
    gaps = [later - earlier for earlier, later in pairwise(times)]
    assert gaps[0] >= 0.2
    assert gaps[1] >= 0.4
    assert gaps[2] >= 0.8


async def test_a_start_that_fails_says_how_the_process_ended_and_its_last_words(
    supervisor: Supervisor, tmp_path: Path
) -> None:
    supervisor.add(fake("one", tmp_path, "crash"))
    with pytest.raises(
        LocalError, match=r"one does not start: exited with code 3.*the moon is full.*banyan logs one"
    ):
        await supervisor.start("one", LIMIT_S)


async def test_a_start_that_takes_too_long_says_what_it_waits_for(
    supervisor: Supervisor, tmp_path: Path
) -> None:
    supervisor.add(fake("one", tmp_path, "unready"))
    with pytest.raises(LocalError, match=r"one does not start: has not written its file"):
        await supervisor.start("one", 0.5)


async def test_a_missing_program_is_told_like_a_death(supervisor: Supervisor, tmp_path: Path) -> None:
    spec = fake("one", tmp_path)
    object.__setattr__(spec, "command", ("/does/not/exist",))
    supervisor.add(spec)
    with pytest.raises(LocalError, match=r"can't be started.*No such file"):
        await supervisor.start("one", LIMIT_S)


async def test_stops_go_from_the_highest_tier_to_the_lowest(supervisor: Supervisor, tmp_path: Path) -> None:
    for name, tier, word in (
        ("store", 0, "-"),
        ("leaf", 2, "-"),
        ("gateway", 4, "slow=0.2"),
        ("order", 3, "slow=0.1"),
    ):
        supervisor.add(fake(name, tmp_path, word, tier=tier))
    await asyncio.gather(*(supervisor.start(name, LIMIT_S) for name in ("store", "leaf", "gateway", "order")))
    await supervisor.stop_all()
    assert lines(tmp_path / "ends") == ["gateway", "order", "leaf", "store"]


async def test_a_process_that_ignores_the_signal_is_killed_after_its_grace(
    supervisor: Supervisor, tmp_path: Path
) -> None:
    process = supervisor.add(fake("one", tmp_path, "deaf", stop_grace_s=0.2))
    await supervisor.start("one", LIMIT_S)
    pid = process.pid
    await asyncio.wait_for(supervisor.stop("one"), 5)
    assert pid is not None
    assert not alive(pid)
    assert process.state == "stopped"


async def test_children_of_a_process_do_not_outlive_it(supervisor: Supervisor, tmp_path: Path) -> None:
    supervisor.add(fake("one", tmp_path, "child"))
    await supervisor.start("one", LIMIT_S)
    await eventually(lambda: len(set(lines(tmp_path / "pids"))) == 2, "two processes")
    pids = {int(text) for text in lines(tmp_path / "pids")}
    await supervisor.stop("one")
    await eventually(lambda: not any(alive(pid) for pid in pids), "all are gone")


async def test_a_stop_does_not_wait_for_the_backoff(supervisor: Supervisor, tmp_path: Path) -> None:
    process = supervisor.add(fake("one", tmp_path, "crash"))
    process.start()
    await eventually(lambda: process.restarts >= 4, "the backoff is above a second")
    await asyncio.wait_for(supervisor.stop("one"), 1.0)
    starts = len(lines(tmp_path / "one.starts"))
    assert process.state == "stopped"
    assert starts == process.restarts


async def test_a_stopped_process_can_be_started_again(supervisor: Supervisor, tmp_path: Path) -> None:
    supervisor.add(fake("one", tmp_path))
    await supervisor.start("one", LIMIT_S)
    await supervisor.restart("one", LIMIT_S)
    await eventually(lambda: len(lines(tmp_path / "one.starts")) == 2, "a second start")
    assert supervisor.get("one").restarts == 0


def test_nothing_survives_when_the_supervisor_is_killed(tmp_path: Path) -> None:
    process = subprocess.Popen([sys.executable, "-c", SUPERVISE, str(tmp_path)])
    asyncio.run(eventually((tmp_path / "all-up").exists, "three children are up"))
    pids = [int(text) for text in lines(tmp_path / "pids")]
    assert len(pids) == 3
    assert all(alive(pid) for pid in pids)
    process.kill()
    process.wait()
    asyncio.run(eventually(lambda: not any(alive(pid) for pid in pids), "all three are gone", 3.0))


async def test_end_does_not_wait_for_a_task_that_swallowed_its_cancellation() -> None:
    swallowed = asyncio.Event()

    async def stubborn() -> None:
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            swallowed.set()
        await asyncio.Event().wait()

    task = asyncio.create_task(stubborn())
    await asyncio.sleep(0)
    async with asyncio.timeout(5):
        await process._cancel(task)
    assert swallowed.is_set()
    assert task.cancelled()
