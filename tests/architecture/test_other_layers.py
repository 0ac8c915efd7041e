"""Import directions in Go and TypeScript; Java's are held by ArchUnit in its own build."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from tests.architecture.tree import Import, files, report, sources, text
from tests.support.topology import contracts_of

CART: Final = "services/cart/"
GO_MODULE: Final = "github.com/banyan-shop/banyan/services/cart/internal/"
GO_GEN: Final = "github.com/banyan-shop/banyan/protos/gen/go/banyan/"
GO_BLOCK: Final = re.compile(
    r'^import\s*(?:\((?P<block>.*?)^\)|(?:\w+\s+)?"(?P<one>[^"]+)")', re.MULTILINE | re.DOTALL
)
# By folder: which other folders of the service it may use, and whether generated code and libraries as well.
GO_FOLDERS: Final[dict[str, tuple[tuple[str, ...], bool]]] = {
    "domain": ((), False),
    "app": (("domain",), False),
    "adapters": (("domain", "app", "platform"), True),
    "rpc": (("domain", "app", "platform"), True),
    "platform": ((), True),
    "config": (("platform",), False),
    "bootstrap": (("domain", "app", "adapters", "rpc", "platform", "config"), True),
    "cmd": (("bootstrap", "config", "platform"), False),
}
GO_IMPURE: Final = (
    "os",
    "net",
    "net/http",
    "log",
    "log/slog",
    "syscall",
    "database/sql",
    "io",
    "io/fs",
    "time/tzdata",
)

NOTIFICATION: Final = "services/notification/src/"
TS_IMPORT: Final = re.compile(r'(?:\bfrom|\bimport\s*\(?)\s*"(?P<path>[^"]+)"')
# The vocabulary of errors and the arithmetic of backoff; a test below holds them to the language itself.
TS_PURE: Final = ("platform/errors.ts", "platform/wait.ts")
TS_FOLDERS: Final[dict[str, tuple[str, ...]]] = {
    "domain": ("domain", *TS_PURE),
    "app": ("domain", "app", "platform"),
    "adapters": ("domain", "app", "adapters", "platform", "gen", "rpc/mapping.ts"),
    "events": ("domain", "app", "events", "platform", "gen", "rpc/mapping.ts"),
    "rpc": ("domain", "app", "rpc", "platform", "gen"),
    "platform": ("platform", "gen/grpc", "gen/google", "gen/banyan/options"),
    "config.ts": ("platform",),
    "main.ts": ("bootstrap.ts", "config.ts", "platform"),
}
# What use cases may have of the platform: time, log lines, traces, waiting; nothing that does I/O for them.
TS_PLATFORM_FOR_APP: Final = (
    "clock",
    "errors",
    "idempotency",
    "logger",
    "trace-context",
    "tracing",
    "wait",
)
TS_LIBRARIES_FOR_PURE: Final = ("node:crypto", "node:assert")


def go_imports(name: str) -> Iterator[Import]:
    """Every import of a Go file with its line."""
    for found in GO_BLOCK.finditer(text(name)):
        group = "block" if found["block"] is not None else "one"
        for path in re.finditer(r'"([^"]+)"', found[group]) if group == "block" else [found]:
            module = path[1] if group == "block" else found["one"]
            start = found.start(group) + (path.start() if group == "block" else 0)
            yield Import(name, text(name).count("\n", 0, start) + 1, module)


def go_breaches(name: str) -> Iterator[str]:
    """Imports that the folder of a Go file does not allow."""
    folder = "cmd" if name.startswith(f"{CART}cmd/") else Path(name).relative_to(f"{CART}internal").parts[0]
    own, libraries = GO_FOLDERS[folder]
    for found in go_imports(name):
        if found.module.startswith(GO_MODULE):
            target = found.module.removeprefix(GO_MODULE).split("/")[0]
            if target != folder and target not in own:
                yield f"{found}: not for {folder}"
        elif found.module.startswith(GO_GEN):
            contract = found.module.removeprefix(GO_GEN).split("/")[0]
            known = {"options"} if folder == "platform" else contracts_of("cart")
            if not libraries or contract not in known:
                yield f"{found}: not for {folder}"
        elif "." in found.module.split("/")[0]:
            if not libraries:
                yield f"{found}: {folder} needs the standard library only"
        elif folder in ("domain", "app") and found.module in GO_IMPURE:
            yield f"{found}: {folder} does no I/O"


def test_go_imports_point_inwards() -> None:
    names = sources(CART, suffixes=(".go",), tests=False)
    report([breach for name in names for breach in go_breaches(name)], "domain ← app ← adapters, rpc")
    assert sum(1 for name in names for _ in go_imports(name)) > 50, "the imports are not read any more"


def ts_breaches(name: str) -> Iterator[str]:
    """Imports that the folder of a TypeScript file does not allow."""
    folder = Path(name).relative_to(NOTIFICATION).parts[0]
    if folder not in TS_FOLDERS:
        return
    for found in TS_IMPORT.finditer(text(name)):
        path = found["path"]
        where = f"{name}:{text(name).count(chr(10), 0, found.start()) + 1} imports {path}"
        if not path.startswith("."):
            if folder in ("domain", "app") and path not in TS_LIBRARIES_FOR_PURE:
                yield f"{where}: {folder} needs the language only"
            continue
        joined = posixpath.normpath(posixpath.join(posixpath.dirname(name), path))
        target = posixpath.relpath(joined, NOTIFICATION)
        allowed = any(target == part or target.startswith(f"{part}/") for part in TS_FOLDERS[folder])
        heavy = (
            folder == "app"
            and target.startswith("platform/")
            and Path(target).stem not in TS_PLATFORM_FOR_APP
        )
        if not allowed or heavy:
            yield f"{where}: not for {folder}"


def test_typescript_imports_point_inwards() -> None:
    names = sources(NOTIFICATION, suffixes=(".ts",))
    report([breach for name in names for breach in ts_breaches(name)], "domain ← app ← adapters, events, rpc")
    assert sum(len(TS_IMPORT.findall(text(name))) for name in names) > 100, (
        "the imports are not read any more"
    )


def test_what_the_typescript_domain_has_of_the_platform_is_pure() -> None:
    allowed = {f"./{Path(name).name}" for name in TS_PURE}
    found = [
        f"{name} imports {path}"
        for name in TS_PURE
        for path in TS_IMPORT.findall(text(NOTIFICATION + name))
        if path not in allowed
    ]
    report(found, "no library, no I/O")


def test_java_holds_its_directions_with_archunit() -> None:
    tests = [
        name for name in files() if name.startswith("services/payment/src/test/") and name.endswith(".java")
    ]
    assert any("com.tngtech.archunit" in text(name) for name in tests), "no ArchUnit test in services/payment"


def test_rules_of_go_java_and_typescript_do_not_ask_the_machine_for_the_time() -> None:
    wall = re.compile(r"time\.Now\(|Date\.now\(|new Date\(\)|Instant\.now\(|System\.currentTimeMillis\(")
    found = [
        f"{name}:{number}: {line.strip()}"
        for name in sources("services/", suffixes=(".go", ".java", ".ts"), tests=False)
        if {"domain", "app", "rpc", "events", "adapters", "contract"} & set(Path(name).parts)
        for number, line in enumerate(text(name).splitlines(), 1)
        if wall.search(line)
    ]
    report(found, "ask the clock that was passed in")
