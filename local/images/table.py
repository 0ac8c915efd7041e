"""The one table of images, and what each is made of according to its Dockerfile."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from string import Template
from typing import Final

from dockerfile_parse import DockerfileParser  # type: ignore[import-untyped]

from local import topology
from local.errors import LocalError
from local.paths import ROOT

PREFIX: Final = "banyan/"
TAG_LENGTH: Final = 16
LEFT_OUT: Final = frozenset({"__pycache__", "node_modules", "target", "dist", "tests", "test", ".venv"})
"""As in .dockerignore: what is there and is no part of any image."""


@dataclass(frozen=True, slots=True)
class Image:
    """One image. `places` are the paths in the umbrella's values that hold its `image`."""

    name: str
    dockerfile: str
    arguments: dict[str, str] = field(default_factory=dict)
    places: Sequence[tuple[str, ...]] = ()

    @property
    def repository(self) -> str:
        """`banyan/cart`."""
        return PREFIX + self.name


def images() -> list[Image]:
    """All of them: services, their migrations, stores, stand-ins, and the people of the tests."""
    databases = [row.name for row in topology.SERVICES if "postgres" in row.stores]
    found = [
        Image(row.name, f"services/{row.name}/Dockerfile", places=[(row.name,)]) for row in topology.SERVICES
    ]
    found += [
        Image(
            f"{name}-migrations",
            "services/_platform/migrations/Dockerfile",
            {"SERVICE": name},
            [(name, "migrations")],
        )
        for name in databases
    ]
    return [
        *found,
        Image("postgres", "images/postgres/Dockerfile", places=[(f"{name}-postgres",) for name in databases]),
        Image("nats", "images/nats/Dockerfile", places=[("nats",)]),
        Image("redis", "images/redis/Dockerfile", places=[("redis",)]),
        Image("standins", "images/standins/Dockerfile", places=[("standins",), ("seed",)]),
        Image("shopper", "images/shopper/Dockerfile"),
        Image("loadtests", "images/loadtests/Dockerfile"),
    ]


def chosen(names: Iterable[str]) -> list[Image]:
    """Those named, or all; LocalError with the nearest name for one that is not there."""
    known = {image.name: image for image in images()}
    wanted = list(names)
    for name in wanted:
        if name not in known:
            raise topology.unknown_name("image", name, known)
    return [known[name] for name in wanted] if wanted else list(known.values())


def sources(image: Image) -> list[Path]:
    """What its Dockerfile copies from the repository; LocalError for something that is not there."""
    parsed = DockerfileParser(str(ROOT / image.dockerfile))
    found: list[Path] = []
    for step in parsed.structure:
        if step["instruction"] == "COPY":
            words = [word for word in step["value"].split() if not word.startswith("--")]
            if not any(word.startswith("--from=") for word in step["value"].split()):
                found += [ROOT / Template(word).safe_substitute(image.arguments) for word in words[:-1]]
    missing = [str(path.relative_to(ROOT)) for path in found if not path.exists()]
    if missing:
        raise LocalError(f"{image.dockerfile} copies what is not there: {', '.join(missing)}")
    return found


def bases(image: Image) -> list[str]:
    """The images it begins from, the last stage's last."""
    parsed = DockerfileParser(str(ROOT / image.dockerfile))
    return [str(base) for base in parsed.parent_images]


def tag(image: Image) -> str:
    """A digest of everything that the image is made of, so that the same tag is the same content."""
    digest = hashlib.sha256(repr(sorted(image.arguments.items())).encode())
    for path in [ROOT / image.dockerfile, *sources(image)]:
        for file in _files(path):
            digest.update(f"\0{file.relative_to(ROOT)}\0{file.stat().st_mode & 0o111}\0".encode())
            digest.update(file.read_bytes())
    return digest.hexdigest()[:TAG_LENGTH]


def _files(path: Path) -> Iterator[Path]:
    if path.is_file():
        yield path
        return
    for each in sorted(path.iterdir()):
        if each.name not in LEFT_OUT and not each.name.endswith(".pyc"):
            yield from _files(each)
