"""Kinds of tests side by side, except those that need the machine for themselves."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

from local.errors import LocalError
from local.testing.kinds import Command, Kind, Need, kinds, narrowed
from local.testing.runner import Result, run_kinds
from local.verbs.test import choose

NOTE = """
import json, sys, time
began = time.monotonic()
time.sleep(0.3)
open(sys.argv[1], "w").write(json.dumps([began, time.monotonic()]))
"""


def kind(folder: Path, name: str, *needs: Need) -> Kind:
    words = (sys.executable, "-c", NOTE, str(folder / name))
    return Kind(name, "notes when it ran", (Command(name, lambda: words, folder, "exit"),), frozenset(needs))


def span(folder: Path, name: str) -> tuple[float, float]:
    began, ended = json.loads((folder / name).read_text())
    return began, ended


@pytest.mark.parametrize("ci", ["", "true"])
async def test_what_needs_the_machine_runs_alone_and_last(
    ci: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CI", ci)
    told: list[Result] = []
    names = ["alone", "one", "two", "three"]
    kinds = [kind(tmp_path, "alone", "mesh", "machine"), *(kind(tmp_path, name) for name in names[1:])]
    results = await run_kinds(kinds, tmp_path, told.append)
    assert [result.counts.failed for result in results] == [0, 0, 0, 0]
    assert sorted(result.kind for result in told) == sorted(names)
    began, _ = span(tmp_path, "alone")
    assert all(span(tmp_path, name)[1] <= began for name in names[1:])


def test_kinds_beside_those_that_run_by_default() -> None:
    def named(name: str, *, by_default: bool = True) -> Kind:
        return Kind(name, name, (Command(name, lambda: ()),), by_default=by_default)

    table = [named("one"), named("cluster", by_default=False), named("two")]
    assert [kind.name for kind in choose(table, [])] == ["one", "two"]
    assert [kind.name for kind in choose(table, [], ["cluster"])] == ["one", "cluster", "two"]
    assert [kind.name for kind in choose(table, ["two"])] == ["two"]
    with pytest.raises(LocalError, match="cluster"):
        choose(table, [], ["clustr"])


def test_an_expression_chooses_among_the_tests_of_pytest() -> None:
    table = {kind.name: kind for kind in kinds()}
    (only,) = narrowed([table["cluster"]], "scaling and not mixed")
    (command,) = only.commands
    assert command.words()[-3:] == ("tests/cluster", "-k", "scaling and not mixed")
    with pytest.raises(LocalError, match="go has none"):
        narrowed([table["go"]], "cart")
