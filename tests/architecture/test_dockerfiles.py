"""Images: two stages, named copies, no root, no shell between a signal and the process."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from typing import Final, NamedTuple

import pytest

from tests.architecture.tree import files, python_imports, report, services, sources, text
from tests.support.topology import LANGUAGES, NAMES

CONTRACT_COPY: Final = re.compile(r"protos/gen/python/banyan/(\w+)")
ALL_CONTRACTS: Final = "protos/gen/python/banyan"
REQUIREMENTS: Final = re.compile(r"(?:^|\s)(?:-r|-c|--requirement|--constraint)[ =](\S+)")


BASES: Final = {
    "python:3.11-slim-bookworm",
    "golang:1.26-bookworm",
    "node:24-bookworm-slim",
    "maven:3-eclipse-temurin-17",
    "eclipse-temurin:17-jre",
    "debian:bookworm-slim",
    "gcr.io/distroless/static-debian12:nonroot",
}
"""Few, so that a node has most of every image already, and one fix of a base mends all that stand on it."""
PACKAGE_MANAGERS: Final = {
    "python:3.11-slim-bookworm": {"/usr/local/lib/python3.11/site-packages/pip*", "/usr/local/bin/pip*"},
    "node:24-bookworm-slim": {"/usr/local/lib/node_modules", "/usr/local/bin/npm", "/usr/local/bin/npx"},
}


class Instruction(NamedTuple):
    """One instruction, continuation lines joined."""

    line: int
    name: str
    rest: str


def dockerfile(service: str) -> list[Instruction]:
    """The instructions of a service's Dockerfile."""
    return instructions_of(f"services/{service}/Dockerfile")


def instructions_of(name: str) -> list[Instruction]:
    """The instructions of a Dockerfile."""
    found: list[Instruction] = []
    pending, start = "", 0
    for number, line in enumerate(text(name).splitlines(), 1):
        if not line.strip() or line.lstrip().startswith("#"):
            continue
        start = start if pending else number
        pending += line.rstrip().removesuffix("\\") + " "
        if not line.rstrip().endswith("\\"):
            name, _, rest = pending.strip().partition(" ")
            found.append(Instruction(start, name.upper(), rest.strip()))
            pending = ""
    return found


def last_stage(instructions: list[Instruction]) -> list[Instruction]:
    """What becomes the image."""
    start = max(index for index, each in enumerate(instructions) if each.name == "FROM")
    return instructions[start:]


def copied(instructions: Iterable[Instruction]) -> list[tuple[Instruction, list[str], str]]:
    """COPY instructions that read the tree: their sources and destination."""
    found = []
    for each in instructions:
        words = each.rest.split()
        if each.name == "COPY" and not any(word.startswith("--from=") for word in words):
            paths = [word for word in words if not word.startswith("--")]
            found.append((each, paths[:-1], paths[-1]))
    return found


each_image = pytest.mark.parametrize("name", [name for name in files() if name.endswith("/Dockerfile")])


@each_image
def test_built_in_one_stage_and_run_in_another(name: str) -> None:
    stages = [each.rest.split() for each in instructions_of(name) if each.name == "FROM"]
    assert len(stages) >= 2, "compilers and package caches do not belong into the image"
    names = {words[-1] for words in stages if len(words) >= 3 and words[-2].upper() == "AS"}
    images = [words[1] if words[0].startswith("--") else words[0] for words in stages]
    report([image for image in images if image not in names | BASES], f"build on one of {sorted(BASES)}")
    sources_of = re.findall(r"--from=(\S+)", text(name))
    report([source for source in sources_of if source not in names], "--from names a stage of this file")


@each_image
def test_runs_as_nobody_in_particular(name: str) -> None:
    users = [each.rest for each in last_stage(instructions_of(name)) if each.name == "USER"]
    assert users, "no USER: it would run as root"
    assert re.fullmatch(r"[1-9]\d*(:[1-9]\d*)?", users[-1]), "a number, so that runAsNonRoot can be checked"


@each_image
def test_says_what_it_is_and_of_which_commit(name: str) -> None:
    last = last_stage(instructions_of(name))
    labels = " ".join(each.rest for each in last if each.name == "LABEL")
    said = dict(re.findall(r'org\.opencontainers\.image\.(\w+)="([^"]+)"', labels))
    assert set(said) == {"title", "description", "version", "revision"}
    assert said["title"].startswith("banyan/")
    assert (said["version"], said["revision"]) == ("${VERSION}", "${REVISION}")
    assert {"VERSION=dev", "REVISION=unknown"} <= {each.rest for each in last if each.name == "ARG"}


@each_image
def test_leaves_no_package_manager_behind(name: str) -> None:
    last = last_stage(instructions_of(name))
    base = last[0].rest.split()[0]
    removed = {word for each in last if each.name == "RUN" for word in each.rest.split() if "/" in word}
    assert PACKAGE_MANAGERS.get(base, set()) <= removed
    brought = [
        each.rest for each in last if each.name == "RUN" and re.search(r"apt-get|\bpip\b|npm", each.rest)
    ]
    report([words for words in brought if not words.startswith("rm ")], "install in an earlier stage")


@each_image
def test_gets_signals_itself(name: str) -> None:
    last = last_stage(instructions_of(name))
    entry = [each.rest for each in last if each.name == "ENTRYPOINT"]
    assert len(entry) == 1
    assert isinstance(json.loads(entry[0]), list), "exec form: a shell would keep SIGTERM to itself"
    assert not any(word in ("sh", "/bin/sh", "bash") for word in json.loads(entry[0]))
    assert all(each.rest.startswith("[") for each in last if each.name == "CMD")


@each_image
def test_copies_named_paths_that_exist(name: str) -> None:
    instructions = instructions_of(name)
    problems = [f"{each.line}: ADD" for each in instructions if each.name == "ADD"]
    for each, paths, _ in copied(instructions):
        for path in (path.replace("${SERVICE}", "order") for path in paths):
            if path in (".", "./", "/", "services", "services/", "protos", "protos/") or "*" in path:
                problems.append(f"{each.line}: {path} is not one thing")
            elif not any(file == path or file.startswith(path.rstrip("/") + "/") for file in files()):
                problems.append(f"{each.line}: {path} does not exist")
    report(problems, name)


@pytest.mark.parametrize("service", NAMES)
def test_takes_nothing_of_another_service(service: str) -> None:
    allowed = (f"services/{service}", "services/_platform", "protos", "requirements.lock")
    found = [
        f"{each.line}: {path}"
        for each, paths, _ in copied(dockerfile(service))
        for path in paths
        if not path.startswith(allowed)
    ]
    report(found, f"services/{service}/Dockerfile")


@pytest.mark.parametrize("service", services("python"))
def test_reads_requirements_that_were_copied(service: str) -> None:
    instructions = dockerfile(service)
    there = {
        name.removeprefix("./")
        for _, paths, target in copied(instructions)
        for name in (
            target,
            *(target.rstrip("/") + "/" + path.rsplit("/", 1)[1] if "/" in path else path for path in paths),
        )
    }
    wanted = [path for each in instructions if each.name == "RUN" for path in REQUIREMENTS.findall(each.rest)]
    report([path for path in wanted if path.removeprefix("./") not in there], "no COPY puts it there")


@pytest.mark.parametrize("service", services("python"))
def test_brings_every_contract_that_is_imported(service: str) -> None:
    paths = [path.rstrip("/") for _, paths, _ in copied(dockerfile(service)) for path in paths]
    if ALL_CONTRACTS in paths:
        return
    brought = {name for path in paths for name in CONTRACT_COPY.findall(path)}
    needed = _imported(f"services/{service}/src/") | {"options"}
    while (
        further := {name for known in needed for name in _imported(f"protos/gen/python/banyan/{known}/")}
        - needed
    ):
        needed |= further
    assert needed <= brought, f"COPY protos/gen/python/banyan/{{{','.join(sorted(needed - brought))}}}"
    assert brought <= needed, f"nobody imports {sorted(brought - needed)}"


def _imported(folder: str) -> set[str]:
    names = [name for name in files() if name.startswith(folder) and name.endswith(".py")]
    return {
        found.module.split(".")[1]
        for name in (names or sources(folder, suffixes=(".py",)))
        for found in python_imports(name)
        if found.top == "banyan"
    }


@pytest.mark.parametrize("service", NAMES)
def test_builds_with_the_language_it_is_written_in(service: str) -> None:
    image = {"python": "python:3.11", "go": "golang:", "java": "maven", "typescript": "node:24"}[
        LANGUAGES[service]
    ]
    bases = [each.rest for each in dockerfile(service) if each.name == "FROM"]
    assert any(image in base for base in bases), (image, bases)
