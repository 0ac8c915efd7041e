"""Renders charts as `helm template` does."""

from __future__ import annotations

import subprocess
from collections.abc import Callable, Iterable, Mapping
from functools import cache
from pathlib import Path
from typing import Any, Final

import pytest
import yaml

from local.charts import deps
from local.charts.schema import HELM
from local.cluster.tools import helm

NAMESPACE: Final = "shop"
Json = dict[str, Any]


class Rendered:
    """The documents of one render, by kind and name."""

    def __init__(self, documents: Iterable[Json]) -> None:
        self.all = [each for each in documents if each]

    def one(self, kind: str, name: str) -> Json:
        """The document of that kind and name."""
        found = [each for each in self.all if each["kind"] == kind and each["metadata"]["name"] == name]
        assert len(found) == 1, f"{len(found)} of {kind} {name}"
        return found[0]

    def of(self, *kinds: str) -> list[Json]:
        """All documents of these kinds."""
        return [each for each in self.all if each["kind"] in kinds]

    def names(self, kind: str) -> set[str]:
        """The names of all documents of a kind."""
        return {each["metadata"]["name"] for each in self.of(kind)}

    def pods(self) -> dict[str, Json]:
        """The pod specification of everything that makes pods."""
        makers = self.of("Deployment", "StatefulSet", "Job")
        return {
            f"{each['kind']} {each['metadata']['name']}": each["spec"]["template"]["spec"] for each in makers
        }


@pytest.fixture(scope="session", autouse=True)
def program() -> Path:
    """helm, with the charts put together."""
    path = helm()
    deps.build(path)
    return path


def words(chart: str, files: Iterable[str], sets: Mapping[str, str]) -> list[str]:
    """What `helm template` is told."""
    folder = HELM / "banyan" if chart == "banyan" else HELM / "charts" / chart
    given = [word for file in files for word in ("-f", str(folder / file))]
    given += [word for key, value in sets.items() for word in ("--set-json", f"{key}={value}")]
    return ["template", chart, str(folder), "--namespace", NAMESPACE, *given]


@cache
def _render(program: Path, *given: str) -> Rendered:
    done = subprocess.run([str(program), *given], capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    return Rendered(yaml.load_all(done.stdout, yaml.CSafeLoader))


@pytest.fixture(scope="session")
def render(program: Path) -> Callable[..., Rendered]:
    """Renders a chart with values files of its folder and with single values as JSON."""

    def do(chart: str, *files: str, **sets: str) -> Rendered:
        dotted = {key.replace("__", "."): value for key, value in sets.items()}
        return _render(program, *words(chart, files, dotted))

    return do


@pytest.fixture(scope="session")
def refusal(program: Path) -> Callable[..., str]:
    """What helm says of values that must be refused."""

    def do(chart: str, *files: str, **sets: str) -> str:
        dotted = {key.replace("__", "."): value for key, value in sets.items()}
        given = [str(program), *words(chart, files, dotted)]
        done = subprocess.run(given, capture_output=True, text=True, timeout=60, check=False)
        assert done.returncode != 0, "these values were taken"
        return done.stderr

    return do
