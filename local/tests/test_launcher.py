"""The launcher `banyan`: what it says when an installation fails, and when it does nothing."""

from __future__ import annotations

import importlib.machinery
import importlib.util
import shutil
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest

from local.paths import ROOT


@pytest.fixture
def launcher(tmp_path: Path) -> ModuleType:
    """The launcher of a copy of the tree that holds nothing but it."""
    for name in ("banyan", "requirements.lock"):
        shutil.copy(ROOT / name, tmp_path)
    (tmp_path / "local").mkdir()
    (tmp_path / "services" / "order").mkdir(parents=True)
    shutil.copy(ROOT / "local" / "bootstrap.lock", tmp_path / "local")
    loader = importlib.machinery.SourceFileLoader("launcher", str(tmp_path / "banyan"))
    spec = importlib.util.spec_from_loader("launcher", loader)
    assert spec is not None
    module = importlib.util.module_from_spec(spec)
    sys.dont_write_bytecode, before = True, sys.dont_write_bytecode
    try:
        loader.exec_module(module)
    finally:
        sys.dont_write_bytecode = before
    return module


@pytest.mark.parametrize(
    ("output", "sentence"),
    [
        ("error: Failed to write: No space left on device (os error 28)", "the disk is full"),
        ("error: Failed to fetch: `https://…`\n  Caused by: dns error", "package index cannot be reached"),
        ("ERROR: No matching distribution found for uv==0.13.9", "package index cannot be reached"),
        ("error: Hash mismatch for `orjson`", "does not have the hash of requirements.lock"),
        ("error: Permission denied (os error 13)", "cannot be written"),
        ("error: something new\n", "installing failed: error: something new"),
        ("", "installing failed: no message"),
    ],
)
def test_a_failed_installation_is_one_sentence(launcher: ModuleType, output: str, sentence: str) -> None:
    said = launcher.explain(output, "installing")
    assert sentence in said
    assert "\n" not in said


def test_without_a_fitting_python_it_says_what_to_install(
    launcher: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(subprocess, "call", lambda *_, **__: 1)
    with pytest.raises(launcher.Failure, match=r"Python 3\.11 with its venv module is needed"):
        launcher.find_python()


def test_a_new_service_or_lock_changes_the_mark_and_nothing_else_does(launcher: ModuleType) -> None:
    root = Path(launcher.ROOT)
    before = launcher.quick_mark()
    (root / "services" / "order" / "notes.txt").touch()
    assert launcher.quick_mark() == before
    (root / "services" / "order" / "pyproject.toml").touch()
    with_service = launcher.quick_mark()
    assert with_service != before
    with (root / "requirements.lock").open("a") as lock:
        lock.write("# more\n")
    assert launcher.quick_mark() != with_service


def test_it_uses_nothing_but_the_standard_library() -> None:
    done = subprocess.run(
        [
            sys.executable,
            "-I",
            "-S",
            "-c",
            "import runpy, sys; runpy.run_path(sys.argv[1])",
            str(ROOT / "banyan"),
        ],
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )
    assert done.returncode == 0, done.stderr
