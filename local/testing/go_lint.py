"""Runs golangci-lint, which has no package of its own: it is built once, at a pinned version."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from local.builds import tools
from local.home import SHARED

VERSION = "v2.15.0"
MODULE = "github.com/golangci/golangci-lint/v2/cmd/golangci-lint"


def linter() -> Path:
    """The linter's program, built when it is not there (some minutes, once)."""
    program = SHARED / "tools" / f"golangci-lint-{VERSION}" / "golangci-lint"
    if not program.exists():
        environment = tools.build_environment() | {
            "GOBIN": str(program.parent),
            "GOTOOLCHAIN": "local",
            "GOFLAGS": "",
        }
        subprocess.run([tools.go(), "install", f"{MODULE}@{VERSION}"], env=environment, check=True)
    return program


if __name__ == "__main__":
    sys.exit(subprocess.run([str(linter()), "run", "./..."], check=False).returncode)
