"""A role and a database for each service; no role can open another's database."""

from __future__ import annotations

from collections.abc import Iterable

import asyncpg

from local.errors import LocalError
from local.secrets import Secrets


def role_password(secrets: Secrets, service: str) -> str:
    """The password of one service's role."""
    return secrets.get(f"postgres:{service}")


async def ensure(connection: asyncpg.Connection, services: Iterable[str], secrets: Secrets) -> None:
    """Makes what is missing. Names come from the topology table, passwords are hexadecimal: both are safe in SQL."""
    wanted = list(services)
    roles = {row["rolname"] for row in await connection.fetch("SELECT rolname FROM pg_roles")}
    databases = {row["datname"] for row in await connection.fetch("SELECT datname FROM pg_database")}
    for name in wanted:
        if not name.isidentifier():
            raise LocalError(f"{name!r} can't be the name of a role")
        if name not in roles:
            password = role_password(secrets, name)
            await connection.execute(
                f"CREATE ROLE \"{name}\" LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE PASSWORD '{password}'"
            )
        if name not in databases:
            await connection.execute(f'CREATE DATABASE "{name}" OWNER "{name}"')
        if name not in databases or name not in roles:
            await connection.execute(f'REVOKE CONNECT, TEMPORARY ON DATABASE "{name}" FROM PUBLIC')
            await connection.execute(f'GRANT CONNECT, TEMPORARY ON DATABASE "{name}" TO "{name}"')
    await connection.execute("REVOKE CONNECT ON DATABASE postgres, template1 FROM PUBLIC")
