"""Reads how many tests passed and failed out of what each runner prints."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass

from local.testing.kinds import Counter

_PYTEST = re.compile(r"(\d+) (passed|failed|errors?|skipped|xfailed|xpassed)")
_NODE = re.compile(r"^(?:#|ℹ) (pass|fail|cancelled|skipped|todo) (\d+)$")
_MAVEN = re.compile(r"Tests run: (\d+), Failures: (\d+), Errors: (\d+), Skipped: (\d+)\s*$")


@dataclass(frozen=True, slots=True)
class Counts:
    """Tests of one command."""

    passed: int = 0
    failed: int = 0
    skipped: int = 0

    def __add__(self, other: Counts) -> Counts:
        return Counts(self.passed + other.passed, self.failed + other.failed, self.skipped + other.skipped)


def count(counter: Counter, lines: Sequence[str], code: int) -> Counts:
    """The counts; a command that failed without a failed test counts as one failure, so that none gets lost."""
    found = _READERS[counter](lines)
    if code != 0 and found.failed == 0:
        return found + Counts(failed=1)
    if code == 0 and counter == "exit":
        return Counts(passed=1)
    return found


def _pytest(lines: Sequence[str]) -> Counts:
    for line in reversed(lines):
        if re.search(r" in \d[\d.]*s", line):
            numbers = {
                word.rstrip("s") if word.startswith("error") else word: int(n)
                for n, word in _PYTEST.findall(line)
            }
            return Counts(
                numbers.get("passed", 0) + numbers.get("xfailed", 0),
                numbers.get("failed", 0) + numbers.get("error", 0) + numbers.get("xpassed", 0),
                numbers.get("skipped", 0),
            )
    return Counts()


def _go(lines: Sequence[str]) -> Counts:
    total = {"pass": 0, "fail": 0, "skip": 0}
    for line in lines:
        if not line.startswith("{"):
            continue
        try:
            event = json.loads(line)
        except ValueError:
            continue
        if event.get("Test") and event.get("Action") in total:
            total[event["Action"]] += 1
    return Counts(total["pass"], total["fail"], total["skip"])


def _node(lines: Sequence[str]) -> Counts:
    numbers: dict[str, int] = {}
    for line in lines:
        if found := _NODE.match(line.strip()):
            numbers[found[1]] = int(found[2])
    return Counts(
        numbers.get("pass", 0),
        numbers.get("fail", 0) + numbers.get("cancelled", 0),
        numbers.get("skipped", 0) + numbers.get("todo", 0),
    )


def _maven(lines: Sequence[str]) -> Counts:
    """The sums of Surefire and Failsafe, whose lines have no `Time elapsed`."""
    total = Counts()
    for line in lines:
        if found := _MAVEN.search(line):
            run, failures, errors, skipped = (int(number) for number in found.groups())
            total += Counts(run - failures - errors - skipped, failures + errors, skipped)
    return total


def _exit(_: Sequence[str]) -> Counts:
    return Counts()


_READERS = {"pytest": _pytest, "go": _go, "node": _node, "maven": _maven, "exit": _exit}
