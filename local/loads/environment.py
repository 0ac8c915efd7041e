"""The environment that locust runs in: made from loadtests/requirements.lock, shared by all copies of the tree."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Final

from local.builds.recipe import Recipe, Step, build
from local.builds.tools import build_environment
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
        variables = dict(build_environment())
        if "PIP_INDEX_URL" in variables:  # uv reads a variable of its own
            variables.setdefault("UV_DEFAULT_INDEX", variables["PIP_INDEX_URL"])
        return [
            Step("making the environment of locust", make, ROOT, variables),
            Step("installing locust", fill, ROOT, variables),
        ]

    await build(Recipe("loadtests", (LOCK,), (interpreter,), steps, extra=sys.version), says)
    return interpreter
