"""Migrations only expand: while a rollout goes on, the old version works on the new schema.

What takes something away, or asks more of what the old version writes, waits for a release in which nobody needs the old
form. It then says so in a comment `-- contract: why nobody needs it any more` before the statement.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Final

import pytest

from local import topology
from tests.architecture.tree import ROOT

OWNERS: Final = [row.name for row in topology.SERVICES if "postgres" in row.stores]
COMMENT: Final = re.compile(r"--[^\n]*")
SAID: Final = "-- contract:"
CONTRACTS: Final = {
    "takes a table or a column away": re.compile(r"\bDROP\s+(TABLE|COLUMN|SCHEMA|VIEW|TYPE)\b", re.I),
    "gives something another name": re.compile(r"\bRENAME\b", re.I),
    "changes a column's type": re.compile(r"\bALTER\s+(COLUMN\s+)?\w+\s+(SET\s+DATA\s+)?TYPE\b", re.I),
    "asks for a value that the old version does not write": re.compile(r"\bSET\s+NOT\s+NULL\b", re.I),
    "adds a column that the old version does not write": re.compile(
        r"\bADD\s+COLUMN\b(?=[^;,]*\bNOT\s+NULL\b)(?![^;,]*\bDEFAULT\b)", re.I
    ),
    "checks what the old version writes": re.compile(r"\bADD\s+CONSTRAINT\b(?![^;]*\bNOT\s+VALID\b)", re.I),
}


def up(sql: str) -> str:
    """The part that a rollout runs."""
    return sql.partition("-- migrate:up")[2].partition("-- migrate:down")[0]


def contracting(sql: str) -> list[str]:
    """What the statements of a migration take away, but for those that say why they may."""
    found = []
    for statement in up(sql).split(";"):
        if SAID not in statement:
            bare = COMMENT.sub("", statement)
            found += [what for what, pattern in CONTRACTS.items() if pattern.search(bare)]
    return found


def migrations(service: str) -> list[Path]:
    """All of a service, in their order."""
    return sorted((ROOT / "services" / service / "migrations").glob("*.sql"))


@pytest.mark.parametrize("service", OWNERS)
def test_migrations_only_expand(service: str) -> None:
    files = migrations(service)
    assert files
    assert {file.name: found for file in files if (found := contracting(file.read_text()))} == {}


@pytest.mark.parametrize(
    "statement",
    [
        "DROP TABLE a",
        "ALTER TABLE a DROP COLUMN b",
        "ALTER TABLE a RENAME COLUMN b TO c",
        "ALTER TABLE a ALTER COLUMN b TYPE bigint",
        "ALTER TABLE a ALTER b SET NOT NULL",
        "ALTER TABLE a ADD COLUMN b int NOT NULL",
        "ALTER TABLE a ADD CONSTRAINT c CHECK (b > 0)",
    ],
)
def test_what_contracts_is_found(statement: str) -> None:
    assert len(contracting(f"-- migrate:up\n{statement};\n-- migrate:down\nDROP TABLE x;")) == 1
    assert contracting(f"-- migrate:up\n-- contract: nobody reads b\n{statement};") == []


@pytest.mark.parametrize(
    "statement",
    [
        "CREATE TABLE a (b int NOT NULL)",
        "ALTER TABLE a ADD COLUMN b int NOT NULL DEFAULT 0",
        "ALTER TABLE a ADD COLUMN b int",
        "ALTER TABLE a ADD CONSTRAINT c CHECK (b > 0) NOT VALID",
        "-- once we may DROP COLUMN b\nCREATE INDEX ON a (b)",
    ],
)
def test_what_expands_is_not(statement: str) -> None:
    assert contracting(f"-- migrate:up\n{statement};\n-- migrate:down\nDROP TABLE a;") == []
