"""Brings images up to date, several at once, and writes down for helm which they are."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import yaml

from local.images import table
from local.images.builder import Builder
from local.images.table import Image

AT_ONCE: Final = 2
Tell = Callable[[str, str], None]


@dataclass(frozen=True, slots=True)
class Made:
    """An image that is there now."""

    image: Image
    tag: str
    reference: str
    built: bool
    pushed: bool


def make(
    builder: Builder, images: Iterable[Image], registry: str, *, push: bool, revision: str, tell: Tell
) -> list[Made]:
    """Builds what is not there under its tag, and pushes all when `push`; LocalError for the first that fails."""

    def one(image: Image) -> Made:
        tag = table.tag(image)
        reference = f"{registry}/{image.repository}:{tag}" if registry else f"{image.repository}:{tag}"
        built = not builder.has(reference)
        if built:
            tell(image.name, "building")
            arguments = {"VERSION": tag, "REVISION": revision, **image.arguments}
            builder.build(reference, image.dockerfile, arguments)
        if push:
            tell(image.name, "pushing")
            builder.push(reference)
        tell(image.name, "built" if built else "unchanged")
        return Made(image, tag, reference, built, push)

    with ThreadPoolExecutor(AT_ONCE) as pool:
        return list(pool.map(one, images))


def values(made: Iterable[Made], registry: str) -> dict[str, Any]:
    """Values of the umbrella that name these images."""
    document: dict[str, Any] = {"global": {"imageRegistry": registry}}
    for each in made:
        for place in each.image.places:
            node = document
            for name in place:
                node = node.setdefault(name, {})
            node["image"] = {"tag": each.tag}
    return document


def write(made: Iterable[Made], registry: str, values_file: Path) -> Mapping[str, str]:
    """Writes the values file, and beside it `images.json` with every reference; what was not made now stays in both."""
    made = list(made)
    listing = values_file.with_name("images.json")
    known: dict[str, str] = json.loads(listing.read_text()) if listing.exists() else {}
    known |= {each.image.name: each.reference for each in made}
    listing.write_text(json.dumps(known, indent=1, sort_keys=True) + "\n")
    earlier = yaml.safe_load(values_file.read_text()) if values_file.exists() else {}
    document = merged(earlier or {}, values(made, registry))
    values_file.write_text(yaml.safe_dump(document, sort_keys=True))
    return known


def merged(old: dict[str, Any], new: dict[str, Any]) -> dict[str, Any]:
    """`new` over `old`, key by key."""
    found = dict(old)
    for key, value in new.items():
        both = isinstance(value, dict) and isinstance(found.get(key), dict)
        found[key] = merged(found[key], value) if both else value
    return found
