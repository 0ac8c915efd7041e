"""That one service can't open another's database is tried where databases are made; here, that it is tried at all."""

from __future__ import annotations

import ast

from tests.contract.contracts import ROOT


def test_the_runtime_tries_to_open_a_foreign_database() -> None:
    tests = [
        node.name
        for path in (ROOT / "local/tests").glob("test_*.py")
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.name.startswith("test_")
    ]
    assert any("role" in name and "database" in name and "cannot_open" in name for name in tests), tests
