"""Import directions of the Python services: domain ← app ← adapters and rpc, wired by bootstrap, services apart."""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest

from tests.architecture.tree import Import, parsed, python_imports, report, services, sources
from tests.support.topology import contracts_of

STANDARD: Final = frozenset(sys.stdlib_module_names) | {"__future__"}
# Rules need no I/O, no clock but the one they are given, and no threads or loops of their own.
IMPURE: Final = frozenset(
    {
        "asyncio",
        "concurrent",
        "http",
        "io",
        "logging",
        "multiprocessing",
        "os",
        "pathlib",
        "selectors",
        "shutil",
    }
    | {"signal", "smtplib", "socket", "socketserver", "sqlite3", "ssl", "subprocess", "tempfile", "threading"}
    | {"time", "urllib"}
)
WIRE: Final = ("google.protobuf", "banyan")
LAYERED: Final = [name for name in services("python") if name != "gateway"]

# By layer: which parts of its own service it may use, and which packages beside the standard library.
ALLOWED: Final[dict[str, tuple[tuple[str, ...], tuple[str, ...]]]] = {
    "domain": (("domain",), ()),
    "app": (("domain", "app"), ("meshkit.clock", "meshkit.context", "meshkit.errors")),
    "contract": (("domain", "app"), WIRE),
    "rpc": (
        ("domain", "app", "rpc", "contract"),
        (
            *WIRE,
            "meshkit.clock",
            "meshkit.context",
            "meshkit.errors",
            "meshkit.once",
            "meshkit.paging",
            "meshkit.wire",
        ),
    ),
    "settings": (("domain",), ("pydantic", "meshkit.settings")),
    "__main__": (("bootstrap", "settings"), ("meshkit.main",)),
}
# Adapters may use any library, but these: they are the platform's.
NOT_IN_ADAPTERS: Final = (
    "grpc",
    "fastapi",
    "starlette",
    "uvicorn",
    "meshkit.server",
    "meshkit.main",
    "meshkit.testing",
)
TEST_TOOLS: Final = ("pytest", "hypothesis", "meshkit.testing", "tests")


def layer_of(file: str, service: str) -> str:
    """`domain`, `app`, `adapters`, `rpc`, or the name of a module beside them."""
    return Path(file).relative_to(f"services/{service}/src/{service}").parts[0].removesuffix(".py")


def modules(service: str) -> list[str]:
    """The source files of a Python service."""
    return sources(f"services/{service}/src/", suffixes=(".py",))


def breaches(service: str, file: str) -> Iterator[str]:
    """Imports that the file's layer does not allow."""
    layer = layer_of(file, service)
    for found in python_imports(file):
        if found.module.startswith("."):
            yield f"{found}: write the whole name"
        elif found.top in services("python") and found.top != service:
            yield f"{found}: services meet on the wire only"
        elif layer in ALLOWED and not _allowed(found, service, layer):
            yield f"{found}: not for {layer}"
        elif layer == "adapters" and (
            found.within(*NOT_IN_ADAPTERS)
            or (found.within(f"{service}.rpc") and not found.within(f"{service}.rpc.mapping"))
            or found.within(f"{service}.bootstrap", f"{service}.settings")
        ):
            yield f"{found}: not for adapters"
        elif found.within(*TEST_TOOLS):
            yield f"{found}: belongs to tests"


def _allowed(found: Import, service: str, layer: str) -> bool:
    own, packages = ALLOWED[layer]
    if found.top in STANDARD:
        return layer not in ("domain", "app") or found.top not in IMPURE or _is_waiting(found, layer)
    return found.within(*(f"{service}.{part}" for part in own)) or found.within(*packages)


def _is_waiting(found: Import, layer: str) -> bool:
    """A use case may wait for several things at once; that is not I/O."""
    return layer == "app" and found.module == "asyncio"


@pytest.mark.parametrize("service", LAYERED)
def test_imports_point_inwards(service: str) -> None:
    found = [breach for file in modules(service) for breach in breaches(service, file)]
    assert {layer_of(file, service) for file in modules(service)} >= {"domain", "app", "adapters", "rpc"}
    report(found, "domain ← app ← adapters, rpc; only bootstrap wires")


@pytest.mark.parametrize("service", LAYERED)
def test_only_the_composition_root_knows_everyone(service: str) -> None:
    wiring = (f"{service}.bootstrap", f"{service}.settings")
    outer = (f"{service}.adapters", f"{service}.rpc.servicer")
    found = [
        f"{found}: for bootstrap only"
        for file in modules(service)
        if layer_of(file, service) not in ("bootstrap", "__main__")
        for found in python_imports(file)
        if found.within(*wiring) or (found.within(*outer) and layer_of(file, service) != "adapters")
    ]
    report(found, "what is behind a port is chosen in bootstrap")


@pytest.mark.parametrize("service", services("python"))
def test_a_service_reads_only_the_contracts_of_those_it_deals_with(service: str) -> None:
    allowed = tuple(f"banyan.{name}.v1" for name in contracts_of(service))
    found = [
        found
        for file in modules(service)
        for found in python_imports(file)
        if found.top == "banyan" and not found.within(*allowed)
    ]
    report(
        found, f"{service} deals with {', '.join(sorted(contracts_of(service)))} (tests/support/topology.py)"
    )


def test_the_gateway_keeps_its_parts_apart() -> None:
    web = ("fastapi", "fastapi_offline", "starlette")
    found = []
    for file in modules("gateway"):
        layer = layer_of(file, "gateway")
        for found_import in python_imports(file):
            pure = layer in ("transcode", "httprule", "router", "problems")
            if (
                (pure and found_import.within(*web, "meshkit", "gateway.clients", "gateway.app"))
                or (found_import.within(*web) and layer not in ("app", "openapi", "views"))
                or (found_import.within("gateway.bootstrap") and layer != "__main__")
                or (
                    found_import.within("gateway.settings")
                    and layer not in ("__main__", "bootstrap", "clients")
                )
                or (found_import.within("gateway.views") and layer not in ("bootstrap", "views"))
                or found_import.top in LAYERED
                or found_import.within(*TEST_TOOLS)
            ):
                found.append(found_import)
    report(found, "transcoding knows no framework; views, settings and bootstrap are reached from above only")


def test_nothing_outside_a_service_imports_it_but_tests() -> None:
    inside = {name: f"services/{name}/" for name in services("python")}
    found = [
        found
        for file in sources("services/", "local/", suffixes=(".py",))
        for found in python_imports(file)
        if found.top in inside and not file.startswith(inside[found.top])
    ]
    report(found, "services meet on the wire only")


def test_time_comes_from_the_clock() -> None:
    """Only a clock that honours BANYAN_CLOCK_OFFSET_S may be asked what time it is; log lines carry the true one."""
    allowed = {
        "services/_platform/python/src/meshkit/clock.py": "it is that clock",
        "services/_platform/python/src/meshkit/logging.py": "a log line carries the machine's time",
        "services/gateway/src/gateway/exchange.py": "the request log carries the machine's time",
        "services/_platform/python/src/meshkit/inbox.py": "event ids are made of the machine's time, so their age is too",
    }
    wall = {"datetime.now", "datetime.utcnow", "date.today", "time.time", "time.time_ns"}
    found = [
        f"{file}:{node.lineno} calls {ast.unparse(node.func)}"
        for file in sources("services/", suffixes=(".py",), tests=False)
        if file not in allowed
        for node in ast.walk(parsed(file))
        if isinstance(node, ast.Call) and ast.unparse(node.func).removeprefix("datetime.") in wall
    ]
    report(found, "ask meshkit.clock")
