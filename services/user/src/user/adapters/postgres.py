"""Accounts, sessions and keys in PostgreSQL."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import datetime
from typing import Final

import asyncpg

from meshkit.outbox import add_events
from meshkit.postgres import Connection, Database
from user.adapters.events import outgoing
from user.app.ports import Credentials
from user.domain.errors import EmailTaken
from user.domain.events import Event
from user.domain.session import RefreshToken, Session
from user.domain.signing_key import SigningKey
from user.domain.user import Role, User

_USER: Final = "user_id, email, display_name, locale, roles, created_at, updated_at"
_KEYS_LOCK: Final = 0x6B657973  # "keys": one replica at a time makes signing keys


class PostgresAccounts:
    """Implements the `Accounts` port on a pool."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def get(self, user_id: str) -> User | None:
        """An account by id."""
        async with self._database.acquire() as connection:
            row = await connection.fetchrow(f"SELECT {_USER} FROM account WHERE user_id = $1", user_id)  # noqa: S608
        return _user_of(row) if row else None

    async def credentials(self, email: str) -> Credentials | None:
        """An account and its password's hash by normalised address."""
        async with self._database.acquire() as connection:
            row = await connection.fetchrow(
                f"SELECT {_USER}, password_hash FROM account WHERE email = $1",  # noqa: S608
                email,
            )
        return Credentials(_user_of(row), row["password_hash"]) if row else None

    async def signing_keys(self) -> list[SigningKey]:
        """All keys: the one that signs, then the newest first."""
        async with self._database.acquire() as connection:
            rows = await connection.fetch(
                "SELECT * FROM signing_key ORDER BY retired_at IS NOT NULL, created_at DESC"
            )
        return [SigningKey(**dict(row)) for row in rows]

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[PostgresWriter]:
        """One transaction, undone when the block raises."""
        async with self._database.transaction() as connection:
            yield PostgresWriter(connection)


class PostgresWriter:
    """Implements the `AccountWriter` port on a connection in a transaction."""

    def __init__(self, connection: Connection) -> None:
        self.connection = connection

    async def get_for_update(self, user_id: str) -> User | None:
        """An account, locked until the transaction ends."""
        row = await self.connection.fetchrow(
            f"SELECT {_USER} FROM account WHERE user_id = $1 FOR UPDATE",  # noqa: S608
            user_id,
        )
        return _user_of(row) if row else None

    async def by_email(self, email: str) -> User | None:
        """An account by normalised address, locked until the transaction ends."""
        row = await self.connection.fetchrow(
            f"SELECT {_USER} FROM account WHERE email = $1 FOR UPDATE",  # noqa: S608
            email,
        )
        return _user_of(row) if row else None

    async def insert(self, user: User, password_hash: str) -> None:
        """Adds an account. Raises EmailTaken."""
        try:
            await self.connection.execute(
                f"INSERT INTO account ({_USER}, password_hash) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",  # noqa: S608
                user.user_id,
                user.email,
                user.display_name,
                user.locale,
                sorted(user.roles),
                user.created_at,
                user.updated_at,
                password_hash,
            )
        except asyncpg.UniqueViolationError as error:
            raise EmailTaken from error

    async def update(self, user: User, password_hash: str | None = None) -> None:
        """Overwrites an account, its password's hash only when given."""
        await self.connection.execute(
            "UPDATE account SET display_name = $2, locale = $3, roles = $4, updated_at = $5, "
            "password_hash = coalesce($6, password_hash) WHERE user_id = $1",
            user.user_id,
            user.display_name,
            user.locale,
            sorted(user.roles),
            user.updated_at,
            password_hash,
        )

    async def insert_session(self, session: Session, token: RefreshToken) -> None:
        """Adds a session with its first token, in one round trip."""
        await self.connection.execute(
            "WITH parent AS (INSERT INTO session (session_id, user_id, created_at) VALUES ($1, $2, $3)) "
            "INSERT INTO refresh_token (token_hash, session_id, expires_at) VALUES ($4, $1, $5)",
            session.session_id,
            session.user_id,
            session.created_at,
            token.token_hash,
            token.expires_at,
        )

    async def lock_token(self, token_hash: bytes) -> tuple[RefreshToken, Session] | None:
        """A refresh token and its session, both locked until the transaction ends."""
        row = await self.connection.fetchrow(
            "SELECT t.token_hash, t.expires_at, t.used_at, s.session_id, s.user_id, s.created_at, s.revoked_at "
            "FROM refresh_token t JOIN session s USING (session_id) WHERE t.token_hash = $1 FOR UPDATE",
            token_hash,
        )
        if row is None:
            return None
        session_id = str(row["session_id"])
        token = RefreshToken(
            token_hash=row["token_hash"],
            session_id=session_id,
            expires_at=row["expires_at"],
            used_at=row["used_at"],
        )
        session = Session(
            session_id=session_id,
            user_id=str(row["user_id"]),
            created_at=row["created_at"],
            revoked_at=row["revoked_at"],
        )
        return token, session

    async def replace_token(self, used: RefreshToken, fresh: RefreshToken, now: datetime) -> None:
        """Marks one token as used and adds the next, in one round trip."""
        await self.connection.execute(
            "WITH old AS (UPDATE refresh_token SET used_at = $2 WHERE token_hash = $1) "
            "INSERT INTO refresh_token (token_hash, session_id, expires_at) VALUES ($3, $4, $5)",
            used.token_hash,
            now,
            fresh.token_hash,
            fresh.session_id,
            fresh.expires_at,
        )

    async def revoke_session(self, session_id: str, now: datetime) -> bool:
        """Ends a session; whether it was alive."""
        row = await self.connection.fetchrow(
            "UPDATE session SET revoked_at = $2 WHERE session_id = $1 AND revoked_at IS NULL RETURNING session_id",
            session_id,
            now,
        )
        return row is not None

    async def rotate_key(self, key: SigningKey, *, only_if_none: bool) -> bool:
        """Retires the present keys and adds one, or adds it only when no key signs; whether it was added."""
        await self.connection.execute("SELECT pg_advisory_xact_lock($1)", _KEYS_LOCK)
        if only_if_none and await self.connection.fetchval(
            "SELECT true FROM signing_key WHERE retired_at IS NULL LIMIT 1"
        ):
            return False
        await self.connection.execute(
            "UPDATE signing_key SET retired_at = $1 WHERE retired_at IS NULL", key.created_at
        )
        await self.connection.execute(
            "INSERT INTO signing_key (kid, private_jwk, created_at) VALUES ($1, $2, $3) "
            "ON CONFLICT (kid) DO UPDATE SET created_at = $3, retired_at = NULL",
            key.kid,
            key.private_jwk,
            key.created_at,
        )
        return True

    async def publish(self, events: Sequence[Event]) -> None:
        """Writes the events beside the state."""
        await add_events(self.connection, [outgoing(event) for event in events])


def _user_of(row: asyncpg.Record) -> User:
    return User(
        user_id=str(row["user_id"]),
        email=row["email"],
        display_name=row["display_name"],
        locale=row["locale"],
        roles=frozenset(Role(role) for role in row["roles"]),
        created_at=row["created_at"],
        updated_at=row["updated_at"],
    )
