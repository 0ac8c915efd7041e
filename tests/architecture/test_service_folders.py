"""Every service has all its parts under one name; the test says which are missing."""

from __future__ import annotations

import re
import tomllib
from importlib import metadata
from pathlib import Path
from typing import Any, Final

import pytest

from local import topology
from tests.architecture.tree import ROOT, files, python_imports, report, services, sources, text
from tests.support.topology import NAMES, WITH_DATABASE

PLATFORM_SQL: Final = "services/_platform/sql/0001_platform.sql"
# Libraries that are a part of another one's interface.
COMES_WITH: Final = {"pydantic": "pydantic-settings", "starlette": "fastapi"}
MIGRATION: Final = re.compile(r"(\d{4})_[a-z0-9_]+\.sql")
BUILD_FILE: Final = {
    "python": "pyproject.toml",
    "go": "go.mod",
    "java": "pom.xml",
    "typescript": "package.json",
}
TESTS: Final = {"python": "tests/", "go": "internal/", "java": "src/test/", "typescript": "test/"}


def folder(service: str) -> list[str]:
    """The files of a service, relative to its folder."""
    prefix = f"services/{service}/"
    return [name.removeprefix(prefix) for name in files() if name.startswith(prefix)]


def migrations(service: str) -> list[str]:
    """Its migrations in their order."""
    return [name.removeprefix("migrations/") for name in folder(service) if name.startswith("migrations/")]


def test_every_folder_is_a_service_of_the_table() -> None:
    found = {name.split("/")[1] for name in files() if name.startswith("services/") and name.count("/") > 1}
    assert found - {"_platform"} == set(NAMES), "services/ and local/topology.py differ"


@pytest.mark.parametrize("service", NAMES)
def test_a_service_has_all_its_parts(service: str) -> None:
    row = topology.service(service)
    have = folder(service)
    wanted = ["README.md", "RUNBOOK.md", "Dockerfile", BUILD_FILE[row.language]]
    missing = [part for part in wanted if part not in have]
    if not any(name.startswith(TESTS[row.language]) for name in have):
        missing.append(TESTS[row.language])
    if service != "gateway" and f"protos/banyan/{service}/v1/{service}_service.proto" not in files():
        missing.append(f"protos/banyan/{service}/v1/{service}_service.proto")
    if service in WITH_DATABASE and not migrations(service):
        missing.append("migrations/")
    report([f"services/{service}: no {part}" for part in missing], "one noun, one word, everywhere")


@pytest.mark.parametrize("service", sorted(WITH_DATABASE))
def test_migrations_begin_with_the_platforms_tables_and_have_no_gap(service: str) -> None:
    names = migrations(service)
    assert names[:1] == ["0001_platform.sql"]
    assert text(f"services/{service}/migrations/0001_platform.sql") == text(PLATFORM_SQL), (
        f"copy {PLATFORM_SQL}"
    )
    numbers = [found[1] for name in names if (found := MIGRATION.fullmatch(name))]
    assert numbers == [f"{number:04}" for number in range(1, len(names) + 1)], names
    for name in names:
        content = text(f"services/{service}/migrations/{name}")
        assert "-- migrate:up" in content and "-- migrate:down" in content, f"{name} is no dbmate migration"


@pytest.mark.parametrize("service", sorted(set(NAMES) - WITH_DATABASE))
def test_a_service_without_a_database_has_no_migrations(service: str) -> None:
    assert migrations(service) == []


@pytest.mark.parametrize("service", NAMES)
def test_the_readme_tells_what_newcomers_ask(service: str) -> None:
    content = text(f"services/{service}/README.md")
    assert content.startswith(f"# {service}\n")
    missing = [part for part in ("## Settings",) if part not in content]
    report(
        [f"services/{service}/README.md: no {part!r}" for part in missing],
        "purpose and settings",
    )


@pytest.mark.parametrize("service", NAMES)
def test_the_runbook_has_a_heading_for_each_trouble(service: str) -> None:
    headings = re.findall(r"^## .+$", text(f"services/{service}/RUNBOOK.md"), re.MULTILINE)
    assert len(headings) >= 2, "alerts link to headings of the runbook"


@pytest.mark.parametrize("service", services("python"))
def test_a_python_service_declares_what_it_imports(service: str) -> None:
    declared = _declared(f"services/{service}/pyproject.toml") | _declared(
        "services/_platform/python/pyproject.toml"
    )
    declared |= {name for name, parent in COMES_WITH.items() if parent in declared}
    distributions = metadata.packages_distributions()
    ours = {"meshkit", "banyan", "buf", service}
    found = [
        found
        for name in sources(f"services/{service}/src/", suffixes=(".py",))
        for found in python_imports(name)
        if found.top not in ours
        and (owners := distributions.get(found.top))
        and not {_normal(owner) for owner in owners} & declared
    ]
    report(found, f"not in services/{service}/pyproject.toml, so it would be missing in its image")


def _declared(name: str) -> set[str]:
    document: dict[str, Any] = tomllib.loads(text(name))
    return {
        _normal(re.split(r"[\[=<>~!; ]", entry, maxsplit=1)[0])
        for entry in document["project"]["dependencies"]
    }


def _normal(distribution: str) -> str:
    return re.sub(r"[-_.]+", "-", distribution).lower()


def test_the_readmes_table_of_services_is_the_runtimes() -> None:
    rows = _table(text("README.md"))
    assert set(rows) == set(NAMES), "README.md and local/topology.py differ"
    for name, cells in rows.items():
        language = next((value for title, value in cells.items() if "language" in title), None)
        if language is not None:
            assert topology.service(name).language in language.lower().replace("node", "typescript"), (
                name,
                language,
            )
        store = next((value for title, value in cells.items() if "store" in title or title == "data"), None)
        if store is not None and name != "gateway":
            wanted = topology.service(name).data_store
            assert wanted in store.lower(), (name, store)


def _table(document: str) -> dict[str, dict[str, str]]:
    """The rows of the first table whose first column is headed `service`, by service, then by lower-case heading."""
    rows: dict[str, dict[str, str]] = {}
    titles: list[str] = []
    for line in document.splitlines():
        cells = (
            [_plain(cell) for cell in line.strip().strip("|").split("|")]
            if line.lstrip().startswith("|")
            else []
        )
        if not cells:
            if rows:
                return rows
            titles = []
        elif not titles:
            titles = [cell.lower() for cell in cells]
        elif titles[0].startswith("service") and not set(cells[0]) <= {"-", ":", " "}:
            rows[cells[0]] = dict(zip(titles, cells, strict=False))
    return rows


def _plain(cell: str) -> str:
    """A cell without emphasis, code marks and links."""
    return re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", cell).strip(" `*")


def test_every_source_root_is_known_to_the_type_checker() -> None:
    path = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["mypy"]["mypy_path"].split(":")
    assert {f"services/{name}/src" for name in services("python")} <= set(path)
    report(
        [folder for folder in path if not Path(ROOT / folder).is_dir()],
        "mypy_path names a folder that is gone",
    )
