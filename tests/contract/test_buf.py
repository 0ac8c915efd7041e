"""Lint, format and compatibility of the contracts, by buf."""

from __future__ import annotations

import subprocess
import sysconfig
import tarfile
from io import BytesIO
from pathlib import Path
from typing import Final

import pytest

from tests.contract.contracts import PROTOS, ROOT

BUF: Final = str(Path(sysconfig.get_path("scripts")) / "buf")
LIMIT_S: Final = 120
CONTRACTS: Final = ("protos/banyan", "protos/buf.yaml", "protos/third_party")
MAIN: Final = ("main", "origin/main")


def buf(*words: str, folder: Path = PROTOS) -> None:
    """Runs buf; fails with what it says."""
    done = subprocess.run(
        [BUF, *words], cwd=folder, capture_output=True, text=True, timeout=LIMIT_S, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr


def git(*words: str) -> str:
    """What git says; empty when it has nothing to say or does not know."""
    done = subprocess.run(
        ["git", *words], cwd=ROOT, capture_output=True, text=True, timeout=LIMIT_S, check=False
    )
    return done.stdout.strip() if done.returncode == 0 else ""


def test_contracts_follow_the_rules() -> None:
    buf("lint")


def test_contracts_are_formatted() -> None:
    buf("format", "--diff", "--exit-code")


def base() -> str:
    """The newest commit of main whose contracts are not the ones in this tree; empty when there is none.

    On a branch that is main's last commit. On main itself it is the state before the contracts' last change, so that a
    clean checkout is not compared with itself. A clone without history has nothing to compare with.
    """
    for name in MAIN:
        tip = git("rev-parse", "--verify", "--quiet", f"{name}^{{commit}}")
        if tip:
            if git("diff", "--name-only", tip, "--", *CONTRACTS):
                return tip
            last_change = git("log", "-1", "--format=%H", tip, "--", *CONTRACTS)
            return git("rev-parse", "--verify", "--quiet", f"{last_change}^")
    return ""


def unpack(commit: str, folder: Path) -> Path | None:
    """The contracts of a commit, laid out under `folder`; None when it has none."""
    if not git("ls-tree", "--name-only", commit, "--", "protos/buf.yaml"):
        return None
    made = subprocess.run(
        ["git", "archive", "--format=tar", commit, "protos"],
        cwd=ROOT,
        capture_output=True,
        timeout=LIMIT_S,
        check=True,
    )
    with tarfile.open(fileobj=BytesIO(made.stdout)) as archive:
        archive.extractall(folder, filter="data")
    return folder / "protos"


def test_contracts_are_compatible_with_those_of_main(tmp_path: Path) -> None:
    commit = base()
    before = unpack(commit, tmp_path) if commit else None
    if before is None:
        return  # the first contracts ever, or a clone without history
    buf("breaking", "--against", str(before))


def test_the_comparison_finds_a_broken_contract(tmp_path: Path) -> None:
    """That it passes means something: the same comparison sees a field that changed its number."""
    present = unpack("HEAD", tmp_path / "before")
    changed = unpack("HEAD", tmp_path / "after")
    assert present is not None and changed is not None
    money = changed / "banyan/common/v1/money.proto"
    money.write_text(money.read_text().replace("minor_units = 1", "minor_units = 9"))
    with pytest.raises(AssertionError, match="Previously present field"):
        buf("breaking", "--against", str(present), folder=changed)
