"""Files and functions that can be read in one go."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from typing import Final

from tests.architecture.tree import parsed, report, sources, text

MAX_FILE: Final = 400
MAX_FUNCTION: Final = 60
MAX_MAIN: Final = 60
MAINS: Final = ("/__main__.py", "/main.go", "/Main.java", "/main.ts")
OTHER_SUFFIXES: Final = (".sql", ".proto", ".html", ".hbs", ".yaml", ".yml", ".xml", ".md")
# Formatters indent a function's first and last line alike, so that is how its end is found.
HEADS: Final = {
    ".go": re.compile(r"^(?P<indent>)func .*"),
    ".ts": re.compile(
        r"^(?P<indent>(?:  )?)(?:export |default |async |static |private |public |protected |readonly |override |get |set )*"
        r"(?:function\b|#?\w+(?:<[^>]*>)?\()(?!.*;$).*"
    ),
    ".java": re.compile(
        r"^(?P<indent>    (?:    )?)(?!return|throw|new |else|case)[\w@<][\w<>\[\],.? @]*\([^;]*$"
    ),
}
NOT_A_FUNCTION: Final = re.compile(
    r"^\s*(if|for|while|switch|try|catch|return|await|throw|synchronized|on|expect)\b"
)


def braced_functions(name: str) -> Iterator[tuple[int, int]]:
    """First line and length of each function of a file in a language with braces."""
    lines = text(name).splitlines()
    head = HEADS["." + name.rsplit(".", 1)[1]]
    for start, line in enumerate(lines):
        found = head.match(line)
        if found is None or NOT_A_FUNCTION.match(line):
            continue
        opening = next((part for part in lines[start:] if part.rstrip().endswith(("{", ";"))), ";")
        if opening.rstrip().endswith(";"):  # declared here, and written elsewhere
            continue
        closing = found["indent"] + "}"
        for end in range(start + 1, len(lines)):
            if lines[end].rstrip(";),") == closing:
                yield start + 1, end - start + 1
                break
            if lines[end].strip() and len(lines[end]) - len(lines[end].lstrip()) < len(found["indent"]):
                break


def is_container(name: str, line: int, length: int) -> bool:
    """A suite of tests, or a class that looks like a function: what it holds is measured one by one."""
    body = text(name).splitlines()[line - 1 : line - 1 + length]
    return re.search(r"\b(record|class|enum|interface) \w", body[0]) is not None or any(
        re.match(r"\s+(test|it|describe)\(", part) for part in body
    )


def python_functions(name: str) -> Iterator[tuple[int, int]]:
    """First line and length of each function of a Python file."""
    for node in ast.walk(parsed(name)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield node.lineno, (node.end_lineno or node.lineno) - node.lineno + 1


def test_files_are_short() -> None:
    names = sources() + sources(suffixes=OTHER_SUFFIXES) + ["banyan"]
    found = [f"{name}: {length} lines" for name in names if (length := text(name).count("\n")) > MAX_FILE]
    report(found, f"at most {MAX_FILE} lines a file")


def test_functions_are_short() -> None:
    found, seen = [], 0
    for name in sources(suffixes=(".py", ".go", ".ts", ".java")):
        functions = python_functions(name) if name.endswith(".py") else braced_functions(name)
        for line, length in functions:
            seen += 1
            if length > MAX_FUNCTION and not is_container(name, line, length):
                found.append(f"{name}:{line}: {length} lines")
    report(found, f"at most {MAX_FUNCTION} lines a function")
    assert seen > 2000, f"only {seen} functions were found: the patterns do not fit any more"


def test_entry_points_are_a_table_of_contents() -> None:
    mains = [name for name in sources("services/", tests=False) if name.endswith(MAINS)]
    assert len(mains) >= 9, mains
    found = [f"{name}: {length} lines" for name in mains if (length := text(name).count("\n")) > MAX_MAIN]
    report(found, f"at most {MAX_MAIN} lines")
