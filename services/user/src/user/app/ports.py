"""What the use cases need of the world."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from user.domain.events import Event
from user.domain.session import RefreshToken, Session
from user.domain.signing_key import SigningKey
from user.domain.user import User


@dataclass(frozen=True, slots=True)
class Credentials:
    """An account and the hash of its password."""

    user: User
    password_hash: str


class AccountReader(Protocol):
    """Reads without a transaction of their own."""

    async def get(self, user_id: str) -> User | None:
        """An account by id."""
        ...

    async def credentials(self, email: str) -> Credentials | None:
        """An account and its password's hash by normalised address."""
        ...

    async def signing_keys(self) -> list[SigningKey]:
        """All keys: the one that signs, then the newest first."""
        ...


class AccountWriter(Protocol):
    """Changes inside one transaction; nothing is seen by others before it ends well."""

    async def get_for_update(self, user_id: str) -> User | None:
        """An account, locked until the transaction ends."""
        ...

    async def by_email(self, email: str) -> User | None:
        """An account by normalised address."""
        ...

    async def insert(self, user: User, password_hash: str) -> None:
        """Adds an account. Raises EmailTaken."""
        ...

    async def update(self, user: User, password_hash: str | None = None) -> None:
        """Overwrites an account, its password's hash only when given."""
        ...

    async def insert_session(self, session: Session, token: RefreshToken) -> None:
        """Adds a session with its first token."""
        ...

    async def lock_token(self, token_hash: bytes) -> tuple[RefreshToken, Session] | None:
        """A refresh token and its session, both locked until the transaction ends."""
        ...

    async def replace_token(self, used: RefreshToken, fresh: RefreshToken, now: datetime) -> None:
        """Marks one token as used and adds the next."""
        ...

    async def revoke_session(self, session_id: str, now: datetime) -> bool:
        """Ends a session; whether it was alive."""
        ...

    async def rotate_key(self, key: SigningKey, *, only_if_none: bool) -> bool:
        """Retires the present keys and adds one, or adds it only when no key signs; whether it was added."""
        ...

    async def publish(self, events: Sequence[Event]) -> None:
        """Tells of these when, and only when, the transaction ends well."""
        ...


class Accounts(AccountReader, Protocol):
    """A store of accounts, sessions and keys."""

    def transaction(self) -> AbstractAsyncContextManager[AccountWriter]:
        """One transaction: kept when the block ends well, undone when it raises."""
        ...


class PasswordHasher(Protocol):
    """Slow hashing off the event loop."""

    async def hash(self, password: str) -> str:
        """A salted hash with its parameters in it."""
        ...

    async def verify(self, password_hash: str | None, password: str) -> bool:
        """Whether they match. With None it takes as long and says no."""
        ...


class TokenSigner(Protocol):
    """Signs access tokens with the present key."""

    async def sign(self, user: User, session_id: str) -> str:
        """A JWT for this session."""
        ...


class KeyPublisher(Protocol):
    """Shows the keys that verify tokens, and changes the one that signs."""

    def published(self) -> list[dict[str, str]]:
        """The public keys, as JWKs, of every token that may still be good."""
        ...

    async def rotate(self, accounts: AccountWriter) -> str:
        """Makes a new key and retires the present one, in the caller's transaction; the new one's id."""
        ...

    async def refresh(self) -> None:
        """Reads the keys again, so that a rotation is seen here, too."""
        ...
