"""Every method that a Python client names is one of the contracts': without stubs nothing else would tell."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.contract.contracts import ROOT, rpcs

LITERAL = re.compile(r'"(/banyan\.\w+\.v1\.\w+)(/\w+)?"')
JOINED = re.compile(r'f"\{_SERVICE\}/(\w+)"')
KNOWN = {f"/{rpc.name}" for rpc in rpcs()}


def callers() -> list[Path]:
    """The Python files that name a method."""
    files = [*ROOT.glob("services/*/src/**/*.py"), *ROOT.glob("local/**/*.py")]
    return sorted(path for path in files if LITERAL.search(path.read_text()))


def called(text: str) -> set[str]:
    """The methods a file calls: whole literals, and a service's literal joined with names."""
    whole = {service + method for service, method in LITERAL.findall(text) if method}
    bases = [service for service, method in LITERAL.findall(text) if not method]
    return whole | {f"{base}/{name}" for base in bases for name in JOINED.findall(text)}


def test_the_callers_are_found() -> None:
    names = {path.name for path in callers()}
    assert {"inventory_client.py", "payment_client.py", "product_client.py", "jwks.py"} <= names


@pytest.mark.parametrize("path", callers(), ids=lambda path: str(path.relative_to(ROOT)))
def test_called_methods_exist(path: Path) -> None:
    methods = called(path.read_text())
    assert methods, f"{path} names a service and calls nothing that this test understands"
    assert methods <= KNOWN, sorted(methods - KNOWN)
