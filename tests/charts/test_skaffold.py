"""skaffold's files: by its schema as far as we use it, with everything that they name, doing what they say.

skaffold itself is not there on every machine. Its steps are: build each artifact, set its name and tag into the values,
`helm upgrade --install` each release; `./banyan images` builds the same Dockerfiles with the same arguments.
"""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Final

import pytest
import yaml
from pydantic import ValidationError

from local import topology
from local.cluster.tools import kubectl
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
    required,
    values_of,
)
from tests.support.skaffold_schema import Config, Release

REGISTRY: Final = "registry.example:5000"
TAG: Final = "0123456789abcdef"
DIGEST: Final = f"sha256:{'5' * 64}"


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
    file, config = everything()[row.name]
    named = [name for each in config.requires or () for name in required(file, each.path, each.configs)]
    assert len(named) == len(set(named))
    assert set(named) == {"namespace", *row.stores, *row.upstreams} | standins
    own = {release.name for _, release in releases_of(row.name)}
    assert own == {row.name} | ({f"{row.name}-postgres"} if "postgres" in row.stores else set())


def test_every_artifact_is_an_image_of_ours_built_alike() -> None:
    ours = {image.repository: image for image in table.images()}
    built = {artifact.image: (folder, artifact) for folder, artifact in artifacts()}
    assert set(ours) - set(built) == {"banyan/shopper", "banyan/loadtests"}, (
        "people who come are no part of the shop"
    )
    for name, (folder, artifact) in built.items():
        assert (folder / artifact.context).resolve() == ROOT
        assert artifact.docker.dockerfile == ours[name].dockerfile
        assert (artifact.docker.buildArgs or {}) == ours[name].arguments
        lines = (ROOT / artifact.docker.dockerfile).read_text().splitlines()
        for argument in artifact.docker.buildArgs or ():
            assert any(line.split("=")[0] == f"ARG {argument}" for line in lines), (name, argument)


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


@pytest.mark.parametrize("digest", ["", DIGEST], ids=["local", "pushed"])
@pytest.mark.parametrize(("folder", "release"), releases(), ids=lambda each: getattr(each, "name", ""))
def test_a_release_renders_with_the_images_that_were_built(
    render: Callable[..., Rendered], folder: Path, release: Release, digest: str
) -> None:
    """To the letter: skaffold brings sources into those containers only whose image is exactly what it built."""
    chart = (folder / release.chartPath).resolve()
    assert chart.parent == ROOT / "helm/charts"
    references = {artifact.image: (f"{REGISTRY}/{artifact.image}", TAG) for _, artifact in artifacts()}
    values = values_of(release, references, digest)
    images = {value for value in values.values() if value.startswith(REGISTRY)}
    wanted = {f"{image}:{TAG}@{digest}" if digest else f"{image}:{TAG}" for image in images}
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
    kind = yaml.safe_load((ROOT / "k8s/kind/cluster.yaml").read_text())
    taken = {mapping["hostPort"] for node in kind["nodes"] for mapping in node.get("extraPortMappings", ())}
    assert not taken & {each.localPort for each in forwards}
    gateway = next(each for each in forwards if each.resourceName == "gateway")
    assert f"127.0.0.1:{gateway.localPort}\n" in (ROOT / "k8s/README.md").read_text()


def test_commands_and_paths_exist() -> None:
    for file, config in everything().values():
        hooks = config.deploy.kubectl.hooks if config.deploy and config.deploy.kubectl else None
        for hook in (hooks.after or ()) if hooks else ():
            assert os.access(file.parent / (hook.host.dir or "") / hook.host.command[0], os.X_OK)
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


def test_secrets_are_made_where_skaffold_deploys_and_not_where_kubectl_points(tmp_path: Path) -> None:
    """Nobody listens at either address; which one is asked is in what is said."""
    servers = {"elsewhere": "https://127.0.0.1:9", "kind-banyan": "https://127.0.0.1:1"}
    config = {
        "apiVersion": "v1",
        "kind": "Config",
        "current-context": "elsewhere",
        "clusters": [{"name": name, "cluster": {"server": server}} for name, server in servers.items()],
        "contexts": [{"name": name, "context": {"cluster": name, "user": name}} for name in servers],
        "users": [{"name": name, "user": {"token": f"of-{name}"}} for name in servers],
    }
    (tmp_path / "config").write_text(yaml.safe_dump(config))
    environment = os.environ | {
        "KUBECONFIG": str(tmp_path / "config"),
        "SKAFFOLD_KUBE_CONTEXT": "kind-banyan",
        "PATH": f"{kubectl().parent}:{os.environ['PATH']}",
        "TMPDIR": str(tmp_path),
    }
    words = [str(ROOT / "k8s/secrets.sh"), "banyan"]
    done = subprocess.run(
        words, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 1
    assert "127.0.0.1:1 " in done.stderr
    assert [each.name for each in tmp_path.iterdir()] == ["config"], (
        "a copy of somebody's credentials is left"
    )
