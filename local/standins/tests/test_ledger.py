"""The books: what is asked for at once is committed together, and a failure undoes itself alone."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Callable
from pathlib import Path

import pytest

from local.standins import _ledger
from local.standins._ledger import Ledger

LIMIT_S = 20


def entry(name: str) -> Callable[[sqlite3.Connection], None]:
    """Writes one entry."""

    def write(conn: sqlite3.Connection) -> None:
        _ledger.add(conn, "kind", name, {}, {"id": name})

    return write


def refused(conn: sqlite3.Connection) -> None:
    """Writes one entry and then fails."""
    entry("undone")(conn)
    raise LookupError("no")


def names(conn: sqlite3.Connection) -> list[str]:
    """What is in the books."""
    return [found["id"] for found in _ledger.page(conn, ("kind",), 0, 1000)[0]["kind"]]


async def test_a_failure_among_many_at_once_undoes_itself_alone(tmp_path: Path) -> None:
    ledger = Ledger(tmp_path / "books.sqlite3")
    await ledger.open()
    async with asyncio.timeout(LIMIT_S):
        outcomes = await asyncio.gather(
            ledger.run(entry("a")), ledger.run(refused), ledger.run(entry("b")), return_exceptions=True
        )
        assert [type(outcome) for outcome in outcomes] == [type(None), LookupError, type(None)]
        await ledger.close()
        reopened = Ledger(tmp_path / "books.sqlite3")
        await reopened.open()
        assert await reopened.run(names) == ["a", "b"]
        await reopened.close()


async def test_what_comes_at_once_is_one_commit_and_each_sees_those_before_it(tmp_path: Path) -> None:
    ledger = Ledger(tmp_path / "books.sqlite3")
    statements: list[str] = []
    await ledger.open()
    async with asyncio.timeout(LIMIT_S):
        await ledger.run(lambda conn: conn.set_trace_callback(statements.append))
        seen = await asyncio.gather(*(ledger.run(_seeing(str(number))) for number in range(20)))
        await ledger.close()
    assert seen == [[str(number) for number in range(count + 1)] for count in range(20)]
    commits = [statement for statement in statements if statement == "COMMIT"]
    assert len(commits) == 2, "one for the tracing, one for all the rest"


def _seeing(name: str) -> Callable[[sqlite3.Connection], list[str]]:
    def write(conn: sqlite3.Connection) -> list[str]:
        entry(name)(conn)
        return names(conn)

    return write


async def test_a_commit_that_fails_is_told_to_all_and_nothing_stays(tmp_path: Path) -> None:
    ledger = Ledger(tmp_path / "books.sqlite3")
    await ledger.open()
    async with asyncio.timeout(LIMIT_S):
        outcomes = await asyncio.gather(
            ledger.run(entry("a")), ledger.run(_end_transaction), return_exceptions=True
        )
        assert all(isinstance(outcome, sqlite3.Error) for outcome in outcomes)
        assert await ledger.run(names) == []
        await ledger.close()


def _end_transaction(conn: sqlite3.Connection) -> None:
    conn.execute("ROLLBACK")


async def test_after_its_end_it_refuses(tmp_path: Path) -> None:
    ledger = Ledger(tmp_path / "books.sqlite3")
    await ledger.open()
    await ledger.close()
    with pytest.raises(RuntimeError):
        await ledger.run(names)
