"""Builds run once for each content of their inputs, and say what they miss."""

from __future__ import annotations

import asyncio
import os
import shutil
from pathlib import Path

import pytest

from local.builds import recipe as recipes
from local.builds import tools
from local.builds.recipe import Recipe, Step, build
from local.commands import run
from local.errors import LocalError
from local.tests.aid import alive, eventually


@pytest.fixture
def made(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Recipe:
    """Copies `in/text` to `out`, and notes each run in `runs`."""
    monkeypatch.setattr(recipes, "BUILD_FOLDER", tmp_path / "build")
    source = tmp_path / "in"
    source.mkdir()
    (source / "text").write_text("one")
    command = ("sh", "-c", "echo run >> runs; cp in/text out")
    step = Step("copying", command, tmp_path, {"PATH": os.defpath})
    return Recipe("sample", (source,), (tmp_path / "out",), lambda: [step])


async def test_a_build_runs_when_inputs_change_or_outputs_are_gone(made: Recipe, tmp_path: Path) -> None:
    assert await build(made)
    assert not await build(made)
    (tmp_path / "in" / "text").write_text("two")
    assert await build(made)
    (tmp_path / "out").unlink()
    assert await build(made)
    assert (tmp_path / "out").read_text() == "two"
    assert (tmp_path / "runs").read_text().split() == ["run"] * 3


async def test_what_builds_leave_behind_is_no_input(made: Recipe, tmp_path: Path) -> None:
    before = recipes.content_hash(made)
    for name in ("node_modules", "target", "tests"):
        (tmp_path / "in" / name).mkdir()
        (tmp_path / "in" / name / "file").touch()
    assert recipes.content_hash(made) == before


async def test_two_at_once_build_once(made: Recipe, tmp_path: Path) -> None:
    assert sorted(await asyncio.gather(build(made), build(made))) == [False, True]
    assert (tmp_path / "runs").read_text().split() == ["run"]


async def test_a_failed_build_says_why_and_is_tried_again(made: Recipe, tmp_path: Path) -> None:
    (tmp_path / "in" / "text").unlink()
    for _ in range(2):
        with pytest.raises(LocalError, match=r"copying failed: .*in/text.*No such file.*sample\.log"):
            await build(made)


async def test_an_unreachable_registry_is_named_as_such(tmp_path: Path) -> None:
    words = ("sh", "-c", "echo 'npm error code ENOTFOUND' >&2; exit 1")
    with pytest.raises(LocalError, match="a package registry cannot be reached"):
        await run(words, "npm", directory=tmp_path, fetches=True)


async def test_a_command_has_a_deadline_and_leaves_no_children(tmp_path: Path) -> None:
    words = ("sh", "-c", "sleep 60 & echo $! > pid; wait")
    with pytest.raises(LocalError, match=r"waiting took longer than 0\.5 s"):
        await run(words, "waiting", directory=tmp_path, deadline_s=0.5)
    child = int((tmp_path / "pid").read_text())
    await eventually(lambda: not alive(child), "the child is gone")


@pytest.mark.parametrize(
    ("tool", "sentence"),
    [("go", "Go 1.26 or newer"), ("java", "Java 17 or newer"), ("maven", "Maven is needed")],
)
def test_a_missing_tool_is_one_sentence(tool: str, sentence: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutil, "which", lambda _: None)
    monkeypatch.setattr(tools, "GO_PLACES", ())
    monkeypatch.delenv("JAVA_HOME", raising=False)
    with pytest.raises(LocalError, match=sentence):
        getattr(tools, tool)()


def test_an_old_tool_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tools, "tool_version", lambda _: "go version go1.21.3 linux/amd64")
    with pytest.raises(LocalError, match=r"this is go1\.21"):
        tools.go()
