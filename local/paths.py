"""Writes `banyan.pth` into the running environment: every package here imports without an install step."""

from __future__ import annotations

import site
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent


def source_roots(root: Path = ROOT) -> list[Path]:
    """The folders that hold packages: the tree itself, the platform kit, generated code, each service."""
    roots = [root, root / "services/_platform/python/src", root / "protos/gen/python"]
    return roots + sorted(
        path for path in (root / "services").glob("*/src") if (path.parent / "pyproject.toml").exists()
    )


def write_pth(root: Path = ROOT) -> Path:
    """Rewrites the path file of the environment that runs this; returns where it lies."""
    target = Path(site.getsitepackages()[0]) / "banyan.pth"
    target.write_text("".join(f"{path}\n" for path in source_roots(root)))
    return target


if __name__ == "__main__":
    write_pth()
