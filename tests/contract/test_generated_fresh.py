"""Generated code in the tree is what the generator makes of the contracts now."""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import Final

import pytest

from local.builds.tools import build_environment
from tests.contract.contracts import ROOT

FOLDERS: Final = ("protos/gen/python/banyan", "protos/gen/python/buf", "protos/gen/go/banyan")
DESCRIPTORS: Final = "services/gateway/src/gateway/descriptors.binpb"
LIMIT_S: Final = 600  # the first run builds two plugins


@pytest.fixture(scope="module")
def fresh(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with newly generated code, laid out like the tree."""
    out = tmp_path_factory.mktemp("generated")
    done = subprocess.run(
        [str(ROOT / "protos/generate.sh"), str(out)],
        env=build_environment(),
        capture_output=True,
        text=True,
        timeout=LIMIT_S,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return out


def content(folder: Path) -> dict[str, bytes]:
    """Every file under a folder, caches aside."""
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }


@pytest.mark.timeout(LIMIT_S + 60)
@pytest.mark.parametrize("folder", FOLDERS)
def test_generated_code_is_fresh(fresh: Path, folder: str) -> None:
    made, kept = content(fresh / folder), content(ROOT / folder)
    assert made, f"nothing was generated into {folder}"
    different = sorted(name for name in made.keys() | kept.keys() if made.get(name) != kept.get(name))
    assert not different, f"run ./banyan gen: {', '.join(different)} in {folder}"


@pytest.mark.timeout(LIMIT_S + 60)
def test_the_gateways_descriptors_are_fresh(fresh: Path) -> None:
    assert (fresh / DESCRIPTORS).read_bytes() == (ROOT / DESCRIPTORS).read_bytes(), "run ./banyan gen"
