"""skaffold's files: by its schema as far as we use it, with everything that they name, doing what they say.

skaffold itself is not there on every machine. Its steps are: build each artifact, set its name and tag into the values,
`helm upgrade --install` each release; `./banyan images` builds the same Dockerfiles with the same arguments.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Final

import pytest
import yaml
from pydantic import ValidationError

from local import topology
from local.images import table
from local.paths import ROOT
from tests.charts.conftest import Rendered
from tests.support.skaffold import (
    FILES,
    artifacts,
    configs,
    everything,
    needed,
    releases,
    releases_of,
    values_of,
)
from tests.support.skaffold_schema import Config, Release

REGISTRY: Final = "registry.example:5000"
TAG: Final = "0123456789abcdef"


@pytest.mark.parametrize("file", FILES, ids=lambda file: str(file.relative_to(ROOT)))
def test_it_is_what_the_schema_allows(file: Path) -> None:
    assert configs(file)


def test_the_schema_refuses_what_skaffold_would() -> None:
    document = next(yaml.safe_load_all(FILES[-1].read_text()))
    document["build"]["artifacts"][0]["dockr"] = {}
    with pytest.raises(ValidationError, match="dockr"):
        Config.model_validate(document)


def test_names_are_unique_over_all_files() -> None:
    names = [config.metadata.name for file in FILES for config in configs(file)]
    assert len(names) == len(set(names))


def test_the_root_takes_up_everything() -> None:
    assert needed("banyan") == set(everything())


@pytest.mark.parametrize("row", topology.SERVICES, ids=lambda row: row.name)
def test_a_service_comes_with_its_needs(row: topology.ServiceRow) -> None:
    standins = {"standins"} if any(each.used_by == row.name for each in topology.STAND_INS) else set[str]()
    assert needed(row.name) >= {row.name, "namespace", *row.stores, *row.upstreams} | standins
    own = {release.name for _, release in releases_of(row.name)}
    assert own == {row.name} | ({f"{row.name}-postgres"} if "postgres" in row.stores else set())


def test_every_artifact_is_an_image_of_ours_built_alike() -> None:
    ours = {image.repository: image for image in table.images()}
    built = {artifact.image: (folder, artifact) for folder, artifact in artifacts()}
    assert set(ours) - set(built) == {"banyan/shopper"}, "the people of the tests are no part of the shop"
    for name, (folder, artifact) in built.items():
        assert (folder / artifact.context).resolve() == ROOT
        assert artifact.docker.dockerfile == ours[name].dockerfile
        assert (artifact.docker.buildArgs or {}) == ours[name].arguments


def test_what_is_synced_is_there_and_lands_where_the_image_has_it() -> None:
    synced = [artifact for _, artifact in artifacts() if artifact.sync]
    languages = {row.name: row.language for row in topology.SERVICES}
    expected = {
        f"banyan/{name}" for name, language in languages.items() if language in ("python", "typescript")
    }
    assert {artifact.image for artifact in synced} == expected
    for artifact in synced:
        assert artifact.sync
        for rule in artifact.sync.manual:
            assert list(ROOT.glob(rule.src))
            assert rule.strip
            assert rule.src.startswith(rule.strip)
            copies = (ROOT / artifact.docker.dockerfile).read_text()
            into = rule.dest.removeprefix("/app/")
            assert (
                f"COPY {rule.strip.rstrip('/')} {rule.dest}\n" in copies
                or f"COPY {rule.strip.rstrip('/')} {into}\n" in copies
            )


@pytest.mark.parametrize(("folder", "release"), releases(), ids=lambda each: getattr(each, "name", ""))
def test_a_release_renders_with_the_images_that_were_built(
    render: Callable[..., Rendered], folder: Path, release: Release
) -> None:
    chart = (folder / release.chartPath).resolve()
    assert chart.parent == ROOT / "helm/charts"
    references = {artifact.image: (f"{REGISTRY}/{artifact.image}", TAG) for _, artifact in artifacts()}
    values = values_of(release, references)
    images = {value for value in values.values() if value.startswith(REGISTRY)}
    wanted = {f"{image}:{TAG}" for image in images}
    as_json = {
        place.replace(".", "__"): value if value in ("true", "false") else f'"{value}"'
        for place, value in values.items()
    }
    rendered = render(chart.name, **as_json)
    used = {
        container["image"]
        for pod in rendered.pods().values()
        for container in pod["containers"] + pod.get("initContainers", [])
    }
    assert used == wanted
    assert release.namespace == "banyan"


def test_ports_are_forwarded_each_to_its_own() -> None:
    forwards = [each for _, config in everything().values() for each in config.portForward or ()]
    assert {each.resourceName for each in forwards} == {row.name for row in topology.SERVICES}
    assert len({each.localPort for each in forwards}) == len(forwards)
    assert next(each for each in forwards if each.resourceName == "gateway").localPort == 8080


def test_commands_and_paths_exist() -> None:
    for file, config in everything().values():
        for test in config.test or ():
            assert (file.parent / test.context).resolve() == ROOT
            for word in (word for custom in test.custom for word in custom.command.split() if "/" in word):
                assert word.startswith(".banyan/") or (ROOT / word).exists(), word
        for path in config.manifests.kustomize.paths if config.manifests else ():
            assert (file.parent / path / "kustomization.yaml").is_file()


def test_both_profiles_are_in_every_module_that_builds() -> None:
    for name, (_, config) in everything().items():
        if config.build:
            assert [each.name for each in config.profiles or ()] == ["kind", "registry"], name
