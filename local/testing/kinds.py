"""The one table of test kinds. A new kind is one more row."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Literal

from local.builds import tools
from local.errors import LocalError
from local.paths import ROOT

Counter = Literal["pytest", "go", "node", "maven", "exit"]
"""How results are counted from a runner's output; `exit` counts the command itself as one test."""
Need = Literal["stores", "mesh", "go", "java", "node", "machine"]
"""What a kind takes for itself: kinds that share `mesh` never run at the same time, `machine` is all of it."""


@dataclass(frozen=True, slots=True)
class Command:
    """One run of one runner."""

    name: str
    words: Callable[[], tuple[str, ...]]
    """Called when it runs, so that a missing compiler spoils only its own kind."""
    directory: Path = ROOT
    counter: Counter = "pytest"
    environment: dict[str, str] = field(default_factory=dict)
    deadline_s: float = 1_800.0


@dataclass(frozen=True, slots=True)
class Kind:
    """What `./banyan test NAME` runs."""

    name: str
    description: str
    commands: tuple[Command, ...]
    needs: frozenset[Need] = frozenset()
    by_default: bool = True
    """Part of `./banyan test` without names: kinds that need no cluster."""


def pytest(name: str, *paths: str) -> tuple[Command, ...]:
    """A pytest run over paths of the tree; those that do not exist are left out, and none is no command."""
    present = [path for path in paths if (ROOT / path).exists()]
    words = (sys.executable, "-m", "pytest", "-q", "--color=no", *present)
    return (Command(name, lambda: words),) if present else ()


def narrowed(chosen: Sequence[Kind], expression: str) -> list[Kind]:
    """The kinds with only their pytest runs, each with `-k`; LocalError for a kind that has none."""
    return [replace(kind, commands=_narrowed(kind, expression)) for kind in chosen]


def _narrowed(kind: Kind, expression: str) -> tuple[Command, ...]:
    commands = [each for each in kind.commands if each.counter == "pytest"]
    if not commands:
        raise LocalError(f"-k chooses among tests of pytest, and {kind.name} has none: name other kinds")
    return tuple(replace(each, words=partial(_with_choice, each, expression)) for each in commands)


def _with_choice(command: Command, expression: str) -> tuple[str, ...]:
    return (*command.words(), "-k", expression)


def python_services() -> tuple[str, ...]:
    """The test folders of all Python services and of their kit."""
    roots = sorted((ROOT / "services").glob("*/tests")) + sorted(
        (ROOT / "services/_platform").glob("*/tests")
    )
    return tuple(str(path.relative_to(ROOT)) for path in roots if list(path.rglob("test_*.py")))


def _go(service: str) -> Command:
    return Command(
        service,
        lambda: (tools.go(), "test", "-race", "-json", "./..."),
        ROOT / "services" / service,
        "go",
        {"GOTOOLCHAIN": "local"},
    )


def _java(service: str) -> Command:
    return Command(service, lambda: (tools.maven(), "-B", "verify"), ROOT / "services" / service, "maven")


def _node(service: str) -> Command:
    path = tools.build_environment(str(tools.node_folder() / "bin"))[
        "PATH"
    ]  # npm runs the first node it finds
    return Command(
        service, lambda: (*tools.npm(), "test"), ROOT / "services" / service, "node", {"PATH": path}
    )


def _lint() -> tuple[Command, ...]:
    def tool(name: str, *words: str) -> Command:
        program = str(Path(sys.executable).parent / name.split(maxsplit=1)[0])
        return Command(name, lambda: (program, *words), counter="exit")

    cart, notification = ROOT / "services/cart", ROOT / "services/notification"
    go_words = (sys.executable, "-m", "local.testing.go_lint")
    return (
        tool("ruff", "check", "-q", "."),
        tool("ruff format", "format", "-q", "--check", "."),
        tool("mypy", "local", "loadtests", "services", "tests"),
        Command("golangci-lint", lambda: go_words, cart, "exit", {"PYTHONPATH": str(ROOT)}),
        Command("biome", lambda: (*tools.npm(), "run", "lint", "--", "--colors=off"), notification, "exit"),
        Command("tsc", lambda: (*tools.npm(), "run", "typecheck"), notification, "exit"),
    )


def _cluster() -> tuple[Command, ...]:
    """In the order of the files: the shop is installed once, used, changed, broken and removed."""
    words = (
        sys.executable,
        "-m",
        "pytest",
        "-q",
        "--color=no",
        "-p",
        "no:randomly",
        "--timeout=600",
        "tests/cluster",
    )
    return (Command("cluster", lambda: words, deadline_s=4_500.0),)


def kinds() -> tuple[Kind, ...]:
    """All kinds, in the order in which a failure should be read."""
    return (
        Kind("lint", "formatters, linters and strict types of every language", _lint(), frozenset({"node"})),
        Kind("runtime", "the local runtime", pytest("local", "local/tests", "local/standins/tests")),
        Kind(
            "python",
            "unit, contract and component tests of the Python services and their kit",
            pytest("services", *python_services()),
            frozenset({"stores"}),
        ),
        Kind("go", "cart", (_go("cart"),), frozenset({"go", "stores"})),
        Kind("java", "payment", (_java("payment"),), frozenset({"java", "stores"})),
        Kind("typescript", "notification", (_node("notification"),), frozenset({"node", "stores"})),
        Kind("charts", "what the Helm charts render and refuse", pytest("charts", "tests/charts")),
        Kind(
            "cluster",
            "the charts on the cluster that KUBECONFIG names",
            _cluster(),
            frozenset({"machine"}),
            by_default=False,
        ),
        Kind("architecture", "rules on the tree itself", pytest("architecture", "tests/architecture")),
        Kind(
            "contract",
            "contracts, what is generated from them, and what running services promise in them",
            pytest("contract", "tests/contract"),
            frozenset({"stores"}),
        ),
        Kind(
            "e2e",
            "all services together, through the gateway only",
            pytest("e2e", "tests/e2e"),
            frozenset({"mesh"}),
        ),
        Kind(
            "chaos",
            "kill, cut and slow, then balance the books",
            pytest("chaos", "tests/chaos"),
            frozenset({"mesh", "machine"}),
        ),
    )
