"""Carrying a plan out: faults at their time, alone when they must be, undone whatever happens."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from typing import Any

import psutil
import pytest

from local.chaos import striking
from local.chaos.faults import FAULTS, Fault
from local.chaos.grip import Grip
from local.chaos.kinds import KINDS, Strike, touched
from local.chaos.records import Records
from local.chaos.striking import Striker
from local.errors import LocalError
from local.tests.aid import alive, eventually

GRIP: Any = None


class Seen:
    """What the faults of one test did, in order."""

    def __init__(self) -> None:
        self.words: list[str] = []
        self.at_once = self.most_at_once = 0
        self.failing = ""
        self.fault: Callable[[Strike], Fault]


@pytest.fixture
def seen(monkeypatch: pytest.MonkeyPatch) -> Seen:
    """Faults that only write down what they do."""
    made = Seen()

    class Written(Fault):
        async def inject(self) -> None:
            made.words.append(f"+{self.target}")
            made.at_once += 1
            made.most_at_once = max(made.most_at_once, made.at_once)
            if made.failing == self.target:
                raise LocalError("it does not start")

        async def undo(self) -> None:
            made.words.append(f"-{self.target}")
            made.at_once -= 1

    made.fault = lambda strike: Written(GRIP, strike)
    monkeypatch.setattr(striking, "calm_s", lambda _: 0.05)
    return made


def strike(number: int, at_s: float, kind: str, target: str, lasts_s: float = 0.1) -> Strike:
    return Strike(
        number=number, at_s=at_s, lasts_s=lasts_s, kind=kind, target=target, touches=touched(target)
    )


async def carry_out(seen: Seen, *strikes: Strike, end_s: float = 10.0) -> tuple[Records, list[str]]:
    records, told, began = Records(), list[str](), time.monotonic()
    striker = Striker(seen.fault, records, lambda: time.monotonic() - began, told.append)
    async with asyncio.timeout(20):
        await striker.carry_out(strikes, end_s)
    return records, told


async def test_faults_overlap_as_planned(seen: Seen) -> None:
    records, _ = await carry_out(seen, strike(1, 0.0, "freeze", "a-1", 0.3), strike(2, 0.1, "freeze", "b-1"))
    assert seen.words == ["+a-1", "+b-1", "-b-1", "-a-1"]
    assert [each.strike.number for each in records.struck] == [1, 2]
    assert all(each.ended_s - each.began_s >= each.strike.lasts_s for each in records.struck)


async def test_what_must_be_alone_waits_for_all_others_and_they_for_it(seen: Seen) -> None:
    await carry_out(
        seen,
        strike(1, 0.0, "freeze", "a-1", 0.3),
        strike(2, 0.05, "kill", "b-1"),
        strike(3, 0.06, "freeze", "c-1"),
    )
    assert seen.words == ["+a-1", "-a-1", "+b-1", "-b-1", "+c-1", "-c-1"]


async def test_two_replicas_of_a_service_are_never_struck_at_once_however_late_it_is(seen: Seen) -> None:
    await carry_out(seen, strike(1, 0.0, "freeze", "a-1", 0.3), strike(2, 0.0, "freeze", "a-2"))
    assert seen.words == ["+a-1", "-a-1", "+a-2", "-a-2"]


async def test_no_more_than_two_at_once(seen: Seen) -> None:
    await carry_out(seen, *(strike(number, 0.0, "freeze", f"{number}x", 0.2) for number in range(5)))
    assert seen.most_at_once == 2


async def test_a_fault_that_fails_is_undone_told_and_written_down(seen: Seen) -> None:
    seen.failing = "a-1"
    records, told = await carry_out(seen, strike(1, 0.0, "restart", "a-1"), strike(2, 0.0, "restart", "b-1"))
    assert sorted(seen.words) == ["+a-1", "+b-1", "-a-1", "-b-1"]
    assert [each.trouble for each in records.struck] == ["it does not start", ""]
    assert any("it does not start" in line for line in told)


async def test_nothing_begins_after_the_end(seen: Seen) -> None:
    records, _ = await carry_out(
        seen, strike(1, 0.0, "freeze", "a-1"), strike(2, 0.5, "freeze", "b-1"), end_s=0.4
    )
    assert [each.strike.number for each in records.struck] == [1]


class Held:
    """Stands in for the grip on a mesh: one process with a child of its own."""

    def __init__(self, pids: list[int]) -> None:
        self._pids = pids

    async def pids(self, _: str) -> list[int]:
        return self._pids

    signal = staticmethod(Grip.signal)


@pytest.fixture
def family() -> Iterator[list[int]]:
    """A shell and the sleep that it waits for; the shell first."""
    with subprocess.Popen(["sh", "-c", "sleep 60; true"], start_new_session=True) as shell:
        children = psutil.Process(shell.pid).children
        until = time.monotonic() + 10
        # Between fork and exec the shell waits in the kernel (vfork), and can't be seen to stop.
        while [child.name() for child in children()] != ["sleep"] and time.monotonic() < until:
            time.sleep(0.01)
        yield [shell.pid, *(child.pid for child in children())]
        os.killpg(shell.pid, signal.SIGKILL)


async def test_freezing_stops_a_process_and_its_children_and_lets_them_go_on(family: list[int]) -> None:
    fault = FAULTS["freeze"](Held(family), strike(1, 0.0, "freeze", "a-1"))  # type: ignore[arg-type]
    await fault.inject()
    await eventually(lambda: {psutil.Process(pid).status() for pid in family} == {"stopped"}, "all stopped")
    await fault.undo()
    await eventually(lambda: "stopped" not in {psutil.Process(pid).status() for pid in family}, "go on")


async def test_killing_ends_the_process_alone(family: list[int]) -> None:
    await FAULTS["kill"](Held(family), strike(1, 0.0, "kill", "a-1")).inject()  # type: ignore[arg-type]
    await eventually(lambda: not alive(family[0]), "the shell is dead")
    assert len(family) == 2 and alive(family[1])


async def test_what_has_no_process_can_not_be_killed() -> None:
    with pytest.raises(LocalError, match="a-1 has no process"):
        await FAULTS["kill"](Held([]), strike(1, 0.0, "kill", "a-1")).inject()  # type: ignore[arg-type]


def test_every_kind_has_its_fault() -> None:
    assert set(FAULTS) == {kind.name for kind in KINDS}
