"""skaffold's modules as skaffold reads them: what requires what, what is built, what is released with which values."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import yaml

from local.paths import ROOT
from tests.support.skaffold_schema import Artifact, Config, Release

FILES: Final = [
    ROOT / "skaffold.yaml",
    ROOT / "images/skaffold.yaml",
    *sorted(ROOT.glob("services/*/skaffold.yaml")),
]
TEMPLATE: Final = re.compile(r"\{\{\.IMAGE_(REPO|TAG|DIGEST)_(\w+)\}\}")


def configs(file: Path) -> list[Config]:
    return [Config.model_validate(each) for each in yaml.safe_load_all(file.read_text())]


def everything() -> dict[str, tuple[Path, Config]]:
    """Name → the file and the config."""
    return {config.metadata.name: (file, config) for file in FILES for config in configs(file)}


def needed(name: str) -> set[str]:
    """All configs that `skaffold dev -m NAME` takes up."""
    file, config = everything()[name]
    found = {name}
    for each in config.requires or ():
        for other in required(file, each.path, each.configs):
            found |= needed(other)
    return found


def required(file: Path, path: str | None, names: list[str] | None) -> list[str]:
    """The names behind one entry of `requires`; a folder means its skaffold.yaml."""
    there = (file.parent / path).resolve() if path else file
    there = there / "skaffold.yaml" if there.is_dir() else there
    known = [config.metadata.name for config in configs(there)]
    assert set(names or ()) <= set(known), (there, names)
    return names or known


def artifacts() -> Iterator[tuple[Path, Artifact]]:
    for file, config in everything().values():
        for artifact in (config.build and config.build.artifacts) or ():
            yield file.parent, artifact


def releases_of(name: str) -> list[tuple[Path, Release]]:
    file, config = everything()[name]
    assert config.deploy
    assert config.deploy.helm
    return [(file.parent, each) for each in config.deploy.helm.releases]


def releases() -> list[tuple[Path, Release]]:
    found = [(file, config.deploy.helm) for file, config in everything().values() if config.deploy]
    return [(file.parent, release) for file, helm in found if helm for release in helm.releases]


def values_of(release: Release, references: dict[str, tuple[str, str]], digest: str = "") -> dict[str, str]:
    """Its values, with each image's repository and tag of `references`, and the digest, in the place of the templates.

    As skaffold's installation of charts does it: without a digest, nothing stays of the @ before it.
    """
    names = {re.sub(r"[/-]", "_", image): image for image in references}

    def part(match: re.Match[str]) -> str:
        repository, tag = references[names[match[2]]]
        return {"REPO": repository, "TAG": tag, "DIGEST": digest}[match[1]]

    found = dict(release.setValues or {})
    for place, template in (release.setValueTemplates or {}).items():
        assert TEMPLATE.search(template), template
        found[place] = TEMPLATE.sub(part, template).removesuffix("@")
    return found
