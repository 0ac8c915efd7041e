"""The environment that locust runs in: made from loadtests/requirements.lock, shared by all copies of the tree."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Final

from local.builds.recipe import Recipe, Step, build
from local.home import SHARED
from local.paths import ROOT

FOLDER: Final = SHARED / "loadtests"
LOCK: Final = ROOT / "loadtests/requirements.lock"


async def python(says: Callable[[str], None]) -> Path:
    """The interpreter that has locust; installs it when the lock has changed. CommandFailedError when that fails."""
    interpreter = FOLDER / "bin/python"

    def steps() -> list[Step]:
        uv = (sys.executable, "-m", "uv")
        make = (*uv, "venv", "--quiet", "--clear", "--python", sys.executable, str(FOLDER))
        fill = (*uv, "pip", "sync", "--quiet", "--require-hashes", "--python", str(interpreter), str(LOCK))
        return [
            Step("making the environment of locust", make, ROOT, {}),
            Step("installing locust", fill, ROOT, {}),
        ]

    await build(Recipe("loadtests", (LOCK,), (interpreter,), steps, extra=sys.version), says)
    return interpreter
