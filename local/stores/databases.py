"""The superuser's view of the cluster while the mesh starts: roles, databases, and which migrations each one has."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable

import asyncpg

from local.secrets import Secrets
from local.stores import postgres, roles


class Databases:
    """One connection, used by one task at a time; closed once all is migrated."""

    def __init__(self, connection: asyncpg.Connection, secrets: Secrets) -> None:
        self._connection = connection
        self._secrets = secrets
        self._turn = asyncio.Lock()
        self.marks: dict[str, str] = {}
        """Database → hash of the migrations folder that was applied last; kept as the database's comment."""

    @classmethod
    async def open(cls, base: int, secrets: Secrets, services: Iterable[str]) -> Databases:
        """Makes the roles and databases that are missing."""
        connection = await postgres.connect(base, secrets.get("postgres"))
        databases = cls(connection, secrets)
        await roles.ensure(connection, services, secrets)
        rows = await connection.fetch(
            "SELECT datname, shobj_description(oid, 'pg_database') AS mark FROM pg_database"
        )
        databases.marks = {row["datname"]: str(row["mark"] or "") for row in rows}
        return databases

    async def remember(self, service: str, mark: str) -> None:
        """Notes which migrations a database has."""
        async with self._turn:
            await self._connection.execute(f"COMMENT ON DATABASE \"{service}\" IS '{mark}'")
        self.marks[service] = mark

    async def close(self) -> None:
        """Ends the connection."""
        await self._connection.close()
