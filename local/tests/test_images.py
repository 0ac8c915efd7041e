"""Images: tags tell the content, unchanged ones are not built again, helm learns which they are, and who builds them."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest
import yaml

from local.errors import LocalError
from local.images import builder as builders
from local.images import make, table
from local.images.builder import Builder
from local.images.make import values, write
from local.images.table import Image

DOCKERFILE = """FROM debian:bookworm-slim AS build
COPY --from=elsewhere /x /x
COPY app/${SERVICE}/src lib/*.txt ./
FROM debian:bookworm-slim
COPY --chmod=755 app/start.sh /start.sh
"""


@pytest.fixture
def tree(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A repository with one image in it."""
    monkeypatch.setattr(table, "ROOT", tmp_path)
    (tmp_path / "app/order/src/deep").mkdir(parents=True)
    (tmp_path / "app/order/src/deep/a.py").write_text("a")
    (tmp_path / "app/start.sh").write_text("#!/bin/sh\n")
    (tmp_path / "Dockerfile").write_text(DOCKERFILE.replace(" lib/*.txt", ""))
    return tmp_path


IMAGE = Image("order", "Dockerfile", {"SERVICE": "order"}, [("order",), ("order", "migrations")])


@pytest.mark.parametrize(
    "change",
    [
        lambda tree: (tree / "app/order/src/deep/a.py").write_text("b"),
        lambda tree: (tree / "app/order/src/new.py").write_text(""),
        lambda tree: (tree / "app/order/src/deep/a.py").rename(tree / "app/order/src/a.py"),
        lambda tree: (tree / "app/start.sh").chmod(0o755),
        lambda tree: (tree / "Dockerfile").write_text((tree / "Dockerfile").read_text() + "USER 1\n"),
    ],
    ids=["content", "new file", "moved", "executable", "Dockerfile"],
)
def test_a_tag_changes_with_what_goes_into_the_image(tree: Path, change: Callable[[Path], object]) -> None:
    before = table.tag(IMAGE)
    assert table.tag(IMAGE) == before
    change(tree)
    assert table.tag(IMAGE) != before


def test_a_tag_does_not_change_with_what_stays_outside(tree: Path) -> None:
    before = table.tag(IMAGE)
    (tree / "app/other.py").write_text("")
    for folder in ("__pycache__", "node_modules", "tests"):
        (tree / "app/order/src" / folder).mkdir()
        (tree / "app/order/src" / folder / "x.py").write_text("")
    assert table.tag(IMAGE) == before


def test_arguments_are_part_of_the_content(tree: Path) -> None:
    (tree / "app/cart/src").mkdir(parents=True)
    other = replace(IMAGE, arguments={"SERVICE": "cart"})
    assert table.sources(other) == [tree / "app/cart/src", tree / "app/start.sh"]
    assert table.tag(other) != table.tag(IMAGE)


def test_a_dockerfile_that_copies_what_is_not_there_is_told_of(tree: Path) -> None:
    (tree / "app/start.sh").unlink()
    with pytest.raises(LocalError, match=r"Dockerfile copies what is not there: app/start\.sh"):
        table.tag(IMAGE)


def test_every_image_of_the_tree_has_a_tag_of_its_own_and_a_place() -> None:
    images = table.images()
    assert len({table.tag(image) for image in images}) == len(images)
    assert [image.name for image in images if not image.places] == ["shopper", "loadtests"]


def test_an_unknown_image_is_told_with_its_neighbour() -> None:
    with pytest.raises(LocalError, match="order"):
        table.chosen(["ordr"])


@dataclass(frozen=True)
class Recorded(Builder):
    """A builder that only remembers; what it has is in `there`."""

    program: str = "buildah"
    logs: Path = Path()
    environment: Mapping[str, str] = field(default_factory=dict)
    there: set[str] = field(default_factory=set)
    pushed: list[str] = field(default_factory=list)
    arguments: dict[str, Mapping[str, str]] = field(default_factory=dict)

    def has(self, reference: str) -> bool:
        return reference in self.there

    def build(self, reference: str, dockerfile: str, arguments: Mapping[str, str]) -> None:
        self.there.add(reference)
        self.arguments[reference] = arguments

    def push(self, reference: str) -> None:
        self.pushed.append(reference)


def made(recorded: Recorded, *, push: bool = False) -> tuple[list[make.Made], list[tuple[str, str]]]:
    told: list[tuple[str, str]] = []
    found = make.make(
        recorded, [IMAGE], "r.test", push=push, revision="abc", tell=lambda *words: told.append(words)
    )
    return found, told


def test_what_has_not_changed_is_not_built_again(tree: Path) -> None:
    recorded = Recorded()
    first, told = made(recorded)
    assert (first[0].built, told) == (True, [("order", "building"), ("order", "built")])
    assert recorded.arguments[first[0].reference] == {
        "VERSION": first[0].tag,
        "REVISION": "abc",
        "SERVICE": "order",
    }
    second, told = made(recorded, push=True)
    assert (second[0].built, told) == (False, [("order", "pushing"), ("order", "unchanged")])
    assert recorded.pushed == [f"r.test/banyan/order:{second[0].tag}"]


def test_helm_learns_every_place_and_keeps_what_was_not_made_now(tree: Path, tmp_path: Path) -> None:
    file = tmp_path / "images-values.yaml"
    found, _ = made(Recorded())
    tag = found[0].tag
    assert values(found, "r.test") == {
        "global": {"imageRegistry": "r.test"},
        "order": {"image": {"tag": tag}, "migrations": {"image": {"tag": tag}}},
    }
    file.write_text("cart: {image: {tag: old}}\norder: {image: {tag: older}}\n")
    known = write(found, "r.test", file)
    document = yaml.safe_load(file.read_text())
    assert (document["cart"]["image"]["tag"], document["order"]["image"]["tag"]) == ("old", tag)
    assert known == {"order": f"r.test/banyan/order:{tag}"}


def program(folder: Path, name: str, script: str) -> None:
    """A program of that name, first on PATH."""
    folder.mkdir(exist_ok=True)
    (folder / name).write_text(f"#!/bin/sh\n{script}\n")
    (folder / name).chmod(0o755)


@pytest.fixture
def path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A PATH with nothing but what a test puts there."""
    folder = tmp_path / "bin"
    folder.mkdir()
    for name in ("sh", "cat", "echo"):
        (folder / name).symlink_to(f"/bin/{name}")
    monkeypatch.setenv("PATH", str(folder))
    return folder


def test_docker_builds_when_its_daemon_answers(path: Path, tmp_path: Path) -> None:
    program(path, "docker", "exit 0")
    program(path, "buildah", "exit 0")
    assert builders.find(tmp_path).program == "docker"


def test_buildah_builds_when_there_is_no_daemon(path: Path, tmp_path: Path) -> None:
    program(path, "docker", "echo 'Cannot connect to the Docker daemon' >&2; exit 1")
    program(path, "buildah", "exit 0")
    found = builders.find(tmp_path)
    assert (found.program, found.environment) == ("buildah", {"BUILDAH_ISOLATION": "chroot"})


def test_without_a_builder_it_is_said_what_to_install(path: Path, tmp_path: Path) -> None:
    with pytest.raises(LocalError, match="start a Docker daemon, or install buildah"):
        builders.find(tmp_path)


def test_a_failed_build_ends_with_its_last_words_and_keeps_them_all(path: Path, tmp_path: Path) -> None:
    program(path, "buildah", 'echo "STEP 1"; echo "no such package" >&2; exit 1')
    with pytest.raises(LocalError, match=r"no such package.*order\.log"):
        Builder("buildah", tmp_path / "logs").build("r.test/banyan/order:1", "Dockerfile", {})
    assert "STEP 1" in (tmp_path / "logs/order.log").read_text()


@pytest.mark.parametrize(("registry", "plain"), [("localhost:5000", True), ("ghcr.io/you", False)])
def test_only_a_registry_on_this_machine_may_be_without_tls(
    path: Path, tmp_path: Path, registry: str, plain: bool
) -> None:
    program(path, "buildah", f'echo "$@" > {tmp_path}/told')
    Builder("buildah", tmp_path / "logs").push(f"{registry}/banyan/order:1")
    assert ("--tls-verify=false" in (tmp_path / "told").read_text()) is plain
    assert os.environ["PATH"] == str(path)
