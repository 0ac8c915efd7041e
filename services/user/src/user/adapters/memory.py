"""Accounts, sessions and keys in memory, with the same rules as those in PostgreSQL; for tests and for running alone."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime

from user.app.ports import Credentials
from user.domain.errors import EmailTaken
from user.domain.events import Event
from user.domain.session import RefreshToken, Session
from user.domain.signing_key import SigningKey
from user.domain.user import User


@dataclass
class _Tables:
    accounts: dict[str, Credentials] = field(default_factory=dict)
    sessions: dict[str, Session] = field(default_factory=dict)
    tokens: dict[bytes, RefreshToken] = field(default_factory=dict)
    keys: dict[str, SigningKey] = field(default_factory=dict)

    def copy(self) -> _Tables:
        return _Tables(dict(self.accounts), dict(self.sessions), dict(self.tokens), dict(self.keys))


class MemoryAccounts:
    """Implements the `Accounts` port; one transaction at a time. `published` keeps what was told."""

    def __init__(self) -> None:
        self._tables = _Tables()
        self._lock = asyncio.Lock()
        self.published: list[Event] = []

    async def get(self, user_id: str) -> User | None:
        """An account by id."""
        found = self._tables.accounts.get(user_id)
        return found.user if found else None

    async def credentials(self, email: str) -> Credentials | None:
        """An account and its password's hash by normalised address."""
        return _by_email(self._tables, email)

    async def signing_keys(self) -> list[SigningKey]:
        """All keys: the one that signs, then the newest first."""
        newest = sorted(self._tables.keys.values(), key=lambda key: key.created_at, reverse=True)
        return sorted(newest, key=lambda key: key.retired_at is not None)

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[MemoryWriter]:
        """One transaction, undone when the block raises."""
        async with self._lock:
            writer = MemoryWriter(self._tables.copy())
            yield writer
            self._tables = writer.tables
            self.published.extend(writer.events)


class MemoryWriter:
    """Implements the `AccountWriter` port on copies, which replace the originals at the end."""

    def __init__(self, tables: _Tables) -> None:
        self.tables = tables
        self.events: list[Event] = []

    async def get_for_update(self, user_id: str) -> User | None:
        """An account."""
        found = self.tables.accounts.get(user_id)
        return found.user if found else None

    async def by_email(self, email: str) -> User | None:
        """An account by normalised address."""
        found = _by_email(self.tables, email)
        return found.user if found else None

    async def insert(self, user: User, password_hash: str) -> None:
        """Adds an account. Raises EmailTaken."""
        if _by_email(self.tables, user.email):
            raise EmailTaken
        self.tables.accounts[user.user_id] = Credentials(user, password_hash)

    async def update(self, user: User, password_hash: str | None = None) -> None:
        """Overwrites an account, its password's hash only when given."""
        kept = self.tables.accounts[user.user_id].password_hash
        self.tables.accounts[user.user_id] = Credentials(user, password_hash or kept)

    async def insert_session(self, session: Session, token: RefreshToken) -> None:
        """Adds a session with its first token."""
        self.tables.sessions[session.session_id] = session
        self.tables.tokens[token.token_hash] = token

    async def lock_token(self, token_hash: bytes) -> tuple[RefreshToken, Session] | None:
        """A refresh token and its session."""
        token = self.tables.tokens.get(token_hash)
        return (token, self.tables.sessions[token.session_id]) if token else None

    async def replace_token(self, used: RefreshToken, fresh: RefreshToken, now: datetime) -> None:
        """Marks one token as used and adds the next."""
        self.tables.tokens[used.token_hash] = replace(used, used_at=now)
        self.tables.tokens[fresh.token_hash] = fresh

    async def revoke_session(self, session_id: str, now: datetime) -> bool:
        """Ends a session; whether it was alive."""
        session = self.tables.sessions.get(session_id)
        if session is None or session.revoked_at is not None:
            return False
        self.tables.sessions[session_id] = replace(session, revoked_at=now)
        return True

    async def rotate_key(self, key: SigningKey, *, only_if_none: bool) -> bool:
        """Retires the present keys and adds one, or adds it only when no key signs; whether it was added."""
        keys = self.tables.keys
        if only_if_none and any(other.retired_at is None for other in keys.values()):
            return False
        for kid, other in keys.items():
            if other.retired_at is None:
                keys[kid] = replace(other, retired_at=key.created_at)
        keys[key.kid] = key
        return True

    async def publish(self, events: Sequence[Event]) -> None:
        """Keeps the events for the end of the transaction."""
        self.events.extend(events)


def _by_email(tables: _Tables, email: str) -> Credentials | None:
    return next((each for each in tables.accounts.values() if each.user.email == email), None)
