"""A service's database, opened so that it can only be read."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from types import TracebackType
from typing import TYPE_CHECKING, Any, Final, Self

import asyncpg

from local.errors import LocalError

if TYPE_CHECKING:
    Connection = asyncpg.Connection[asyncpg.Record]

CONNECT_S: Final = 5.0
STATEMENT_MS: Final = "120000"
CHUNK: Final = 1000
Row = Any
"""A record of asyncpg; its columns are what the statement beside it selects."""


class Book:
    """One connection with the service's own role, which may not write."""

    def __init__(self, service: str, dsn: str) -> None:
        self.service = service
        self._dsn = dsn
        self._open: Connection | None = None

    async def __aenter__(self) -> Self:
        settings = {
            "application_name": "banyan-audit",
            "default_transaction_read_only": "on",
            "statement_timeout": STATEMENT_MS,
        }
        with self._telling():
            self._open = await asyncpg.connect(self._dsn, timeout=CONNECT_S, server_settings=settings)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._open is not None:
            self._open.terminate()

    @property
    def _connection(self) -> Connection:
        if self._open is None:
            raise RuntimeError(f"the books of {self.service} are not open")
        return self._open

    async def begin_snapshot(self) -> None:
        """From now on all that is read is of this moment: READ ONLY, REPEATABLE READ, until the book is closed."""
        with self._telling():
            await self._connection.transaction(isolation="repeatable_read", readonly=True).start()
            await self._connection.fetchval("SELECT 1")

    async def rows(self, statement: str, *arguments: object) -> AsyncIterator[Row]:
        """The rows one by one, read in chunks; only in a snapshot."""
        with self._telling():
            cursor = await self._connection.cursor(statement, *arguments)
            while chunk := await cursor.fetch(CHUNK):
                for row in chunk:
                    yield row

    async def fetch(self, statement: str, *arguments: object) -> list[Row]:
        """All rows of a statement that gives few."""
        with self._telling():
            return list(await self._connection.fetch(statement, *arguments))

    @contextmanager
    def _telling(self) -> Iterator[None]:
        """Says in one sentence whose books could not be read, and why."""
        try:
            yield
        except (OSError, TimeoutError, asyncpg.PostgresError, asyncpg.InterfaceError) as error:
            reason = str(error).splitlines()[0] if str(error) else type(error).__name__
            raise LocalError(f"the books of {self.service} can't be read: {reason}") from error
