"""The tree as the rules see it: its files, its services, and what each source file imports."""

from __future__ import annotations

import ast
import subprocess
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache, lru_cache
from pathlib import Path
from typing import Final

from local import topology

ROOT: Final = Path(__file__).resolve().parents[2]
PLATFORM_SOURCES: Final = {
    "python": "services/_platform/python/src/meshkit/",
    "go": "services/cart/internal/platform/",
    "java": "services/payment/src/main/java/banyan/payment/platform/",
    "typescript": "services/notification/src/platform/",
}
# Made by a program or taken over from others as they are: our writing rules do not reach them.
GENERATED: Final = (
    "protos/gen/",
    "protos/third_party/",
    "services/notification/protos/",
    "tests/charts/golden/",
)
GENERATED_NAMES: Final = ("package-lock.json", "go.sum", "requirements.lock", "bootstrap.lock")
SOURCE_SUFFIXES: Final = (".py", ".go", ".java", ".ts", ".mjs", ".lua", ".sh")


@lru_cache(maxsize=1)
def files() -> tuple[str, ...]:
    """Every file that is or could be committed, relative to the root."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
        timeout=30,
    ).stdout
    return tuple(sorted(name for name in set(listed.split("\0")) if name and (ROOT / name).is_file()))


def is_generated(name: str) -> bool:
    """Whether our writing rules do not reach this file."""
    return name.startswith(GENERATED) or Path(name).name in GENERATED_NAMES


def sources(*prefixes: str, suffixes: Sequence[str] = SOURCE_SUFFIXES, tests: bool = True) -> list[str]:
    """Hand-written source files under any of the prefixes (all without one); without those of tests if asked."""
    return [
        name
        for name in files()
        if name.endswith(tuple(suffixes))
        and not is_generated(name)
        and (not prefixes or name.startswith(prefixes))
        and (tests or not is_test(name))
    ]


def is_test(name: str) -> bool:
    """Whether a file is part of tests, their helpers included."""
    parts = Path(name).parts
    return (
        any(part in ("tests", "test", "testkit", "storetest") for part in parts[:-1])
        or name.endswith("_test.go")
        or "meshkit/testing/" in name
        or parts[-1] == "conftest.py"
    )


@cache
def text(name: str) -> str:
    """The content of a file of the tree; empty for one that was there a moment ago."""
    try:
        return (ROOT / name).read_text(encoding="utf-8")
    except FileNotFoundError:
        if name in files():
            return ""
        raise


@cache
def parsed(name: str) -> ast.Module:
    """The syntax tree of a Python file."""
    return ast.parse(text(name), name)


def services(language: str) -> list[str]:
    """The services in this language, from the table of the runtime."""
    return [row.name for row in topology.SERVICES if row.language == language]


@dataclass(frozen=True, slots=True)
class Import:
    """One imported name: `module` is the full dotted name, or the path in Go, Java and TypeScript."""

    file: str
    line: int
    module: str

    def __str__(self) -> str:
        return f"{self.file}:{self.line} imports {self.module}"

    @property
    def top(self) -> str:
        """The outermost package."""
        return self.module.split(".", 1)[0]

    def within(self, *packages: str) -> bool:
        """Whether it is one of these packages or lies in one."""
        return any(self.module == package or self.module.startswith(f"{package}.") for package in packages)


@cache
def python_imports(name: str) -> tuple[Import, ...]:
    """All imports of a Python file, those inside functions included; `from a import b` is `a.b`."""
    return tuple(_python_imports(name))


def _python_imports(name: str) -> Iterator[Import]:
    for node in ast.walk(parsed(name)):
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield Import(name, node.lineno, alias.name)
        elif isinstance(node, ast.ImportFrom):
            for alias in node.names:
                yield Import(name, node.lineno, "." * node.level + f"{node.module or ''}.{alias.name}")


def report(problems: Sequence[object], rule: str) -> None:
    """Fails with every breach of a rule at once, each with its file and line."""
    assert not problems, f"{rule}:\n  " + "\n  ".join(sorted(str(problem) for problem in problems))
