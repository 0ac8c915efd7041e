"""Who reads the environment: one settings file per service, and a short list of others with a reason each."""

from __future__ import annotations

import ast
import re
from typing import Final

from tests.architecture.tree import files, is_test, parsed, python_imports, report, sources, text

PYTHON: Final = {
    "local/home.py": "where this copy lives is what everything else is found by",
    "local/options.py": "the port base of a copy, for when no flag names it",
    "local/environment.py": "makes the environment of services",
    "local/seeding/people.py": "staff credentials are given to the runtime by variables",
    "local/builds/tools.py": "PATH and JAVA_HOME, to find compilers",
    "local/builds/java.py": "PATH, for a child with an environment of its own",
    "local/stores/postgres.py": "PATH, for a child with an environment of its own",
    "local/images/builder.py": "how buildah isolates is the machine's business",
    "local/seeding/__main__.py": "as a Job in a cluster it has nothing but variables",
    "local/testing/runner.py": "CI, which it hands on to runners",
    "local/loads/places.py": "locust gets the staff credentials from it, and must not find out late that there are none",
    "loadtests/support/catalogue.py": "staff credentials are given to locust by variables",
    "local/standins/carrier.py": "the stand-in's one setting, CARRIER_STEP_S",
    "banyan": "the launcher runs before anything is installed",
}
OTHERS: Final = {
    "services/cart/internal/config/config.go": "the settings file",
    "services/notification/src/main.ts": "hands it to the settings file",
    "services/payment/src/main/java/banyan/payment/Main.java": "hands it to the settings file",
}
PATTERNS: Final = {
    ".go": re.compile(r"\bos\.(Getenv|LookupEnv|Environ|ExpandEnv)\("),
    ".ts": re.compile(r"\bprocess\.env\b"),
    ".mjs": re.compile(r"\bprocess\.env\b"),
    ".java": re.compile(r"\bSystem\.getenv\b"),
}
READERS: Final = {"environ", "environb", "getenv", "getenvb"}


def _python_reads(name: str) -> list[int]:
    """Lines that touch os.environ or os.getenv; the runtime may hand its whole environment on to a child."""
    whole: set[int] = set()
    lines: list[tuple[int, int]] = []
    for node in ast.walk(parsed(name)):
        if isinstance(node, ast.Dict | ast.BinOp | ast.keyword) or (
            isinstance(node, ast.Call) and ast.unparse(node.func) in ("dict", "plan")
        ):
            whole.update(id(child) for child in ast.iter_child_nodes(node))
        if (
            isinstance(node, ast.Attribute)
            and node.attr in READERS
            and isinstance(node.value, ast.Name)
            and node.value.id == "os"
        ):
            lines.append((id(node), node.lineno))
    passes_on = name.startswith("local/")
    touched = [line for identity, line in lines if not (passes_on and identity in whole)]
    return touched + [
        found.line for found in python_imports(name) if found.module in {f"os.{reader}" for reader in READERS}
    ]


def test_only_settings_read_the_environment_in_python() -> None:
    names = [name for name in [*sources(suffixes=(".py",)), "banyan"] if not is_test(name)]
    found = [f"{name}:{line}" for name in names if name not in PYTHON for line in _python_reads(name)]
    report(found, "read it in settings.py, or say here why not")


def test_typed_settings_are_declared_in_settings_files_only() -> None:
    found = [
        found
        for name in sources("services/", suffixes=(".py",), tests=False)
        if not name.endswith("/settings.py")
        for found in python_imports(name)
        if found.top == "pydantic_settings" or found.module == "meshkit.settings.settings_config"
    ]
    report(found, "one settings class per service, in settings.py")


def test_only_settings_read_the_environment_in_go_java_and_typescript() -> None:
    found = [
        f"{name}:{number}: {line.strip()}"
        for name in sources("services/", suffixes=tuple(PATTERNS), tests=False)
        if name not in OTHERS
        for number, line in enumerate(text(name).splitlines(), 1)
        if PATTERNS["." + name.rsplit(".", 1)[1]].search(line)
    ]
    report(found, "read it in the settings file, or say here why not")


def test_every_exception_is_still_needed() -> None:
    gone = [name for name in [*PYTHON, *OTHERS] if name not in files()]
    idle = [name for name in PYTHON if name not in gone and not _python_reads(name)]
    idle += [
        name
        for name in OTHERS
        if name not in gone and not PATTERNS["." + name.rsplit(".", 1)[1]].search(text(name))
    ]
    report(gone + idle, "take these off the list")
