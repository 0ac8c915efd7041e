"""A build as data: what goes in, what comes out, which commands; and the rule that runs it only when needed."""

from __future__ import annotations

import asyncio
import fcntl
import hashlib
import os
import re
import subprocess
from collections.abc import Awaitable, Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from local.commands import Says, quiet, run
from local.home import SHARED

BUILD_FOLDER = SHARED / "build"
SKIPPED_FOLDERS = {"node_modules", "target", "dist", "gen", "test", "tests", "__pycache__", ".git"}


@dataclass(frozen=True, slots=True)
class Step:
    """One command of a build."""

    what: str
    command: tuple[str, ...]
    directory: Path
    environment: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Recipe:
    """One build. `steps` is called only when it must run, so that tools are looked for only then."""

    name: str
    inputs: tuple[Path, ...]
    outputs: tuple[Path, ...]
    steps: Callable[[], list[Step]]
    after: Callable[[Says], Awaitable[None]] | None = None
    """What is done with the result of the steps."""
    extra: str = field(default="")
    """Anything else the result depends on, such as a tool's version."""


def input_files(roots: Iterable[Path]) -> Iterator[Path]:
    """All files below the roots in a fixed order, without what builds leave behind."""
    for root in roots:
        if root.is_file():
            yield root
            continue
        for folder, names, files in os.walk(root):
            below = Path(folder) != root
            names[:] = sorted(
                name for name in names if name not in SKIPPED_FOLDERS or (below and name == "gen")
            )
            for name in sorted(files):
                yield Path(folder) / name


def content_hash(recipe: Recipe) -> str:
    """Changes when any input, its path or the recipe's version changes."""
    digest = hashlib.sha256(recipe.extra.encode())
    for path in input_files(recipe.inputs):
        data = path.read_bytes()
        digest.update(f"\0{path}\0{len(data)}\0".encode())
        digest.update(data)
    return digest.hexdigest()


def mark(recipe: Recipe) -> Path:
    """Holds the hash of the inputs of the last good build."""
    return BUILD_FOLDER / f"{recipe.name}.hash"


def is_fresh(recipe: Recipe, wanted: str) -> bool:
    """Whether the outputs are there and made from these inputs."""
    try:
        return mark(recipe).read_text() == wanted and all(path.exists() for path in recipe.outputs)
    except OSError:
        return False


@contextmanager
def _one_at_a_time(recipe: Recipe) -> Iterator[None]:
    with (BUILD_FOLDER / f"{recipe.name}.lock").open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


async def build(recipe: Recipe, says: Says = quiet) -> bool:
    """Brings one build up to date; True when there was something to do."""
    BUILD_FOLDER.mkdir(parents=True, exist_ok=True)
    wanted = await asyncio.to_thread(content_hash, recipe)
    if is_fresh(recipe, wanted):
        return False
    lock = _one_at_a_time(recipe)
    await asyncio.to_thread(lock.__enter__)
    try:
        if is_fresh(recipe, wanted):
            return False
        await _run_steps(recipe, says)
        mark(recipe).write_text(wanted)
    finally:
        lock.__exit__(None, None, None)
    return True


async def _run_steps(recipe: Recipe, says: Says) -> None:
    log = BUILD_FOLDER / f"{recipe.name}.log"
    log.unlink(missing_ok=True)
    mark(recipe).unlink(missing_ok=True)
    for step in recipe.steps():
        says(step.what)

        def tell(line: str, what: str = step.what) -> None:
            says(f"{what}: {line}")

        await run(
            step.command,
            step.what,
            directory=step.directory,
            environment=step.environment,
            log=log,
            says=tell,
            fetches=True,
        )
    if recipe.after:
        await recipe.after(says)


def tool_version(command: list[str]) -> str:
    """The first line a tool prints about itself; empty when it can't be run."""
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=20, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return ""
    lines = re.sub(r"\x1b\[[0-9;]*m", "", done.stdout + done.stderr).strip().splitlines()
    return lines[0] if done.returncode == 0 and lines else ""
