"""Logging in, staying logged in, logging out."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from meshkit.clock import Clock, uuid7
from user.app.ports import Accounts, AccountWriter, PasswordHasher, TokenSigner
from user.domain.errors import InvalidCredentials, RefreshTokenInvalid, RefreshTokenReused
from user.domain.events import SessionRevoked
from user.domain.session import ACCESS_TOKEN_LIFE, RefreshToken, Session, hash_of, new_refresh_token
from user.domain.user import User, normalised_email


@dataclass(frozen=True, slots=True)
class TokenPair:
    """What a login or a refresh gives."""

    access_token: str
    refresh_token: str
    user_id: str


class Sessions:
    """The use cases of sessions."""

    def __init__(self, accounts: Accounts, hasher: PasswordHasher, signer: TokenSigner, clock: Clock) -> None:
        self._accounts = accounts
        self._hasher = hasher
        self._signer = signer
        self._clock = clock

    async def log_in(self, email: str, password: str) -> TokenPair:
        """A new session. Raises InvalidCredentials, in the same time whether or not the account exists."""
        found = await self._accounts.credentials(normalised_email(email))
        matches = await self._hasher.verify(found.password_hash if found else None, password)
        if found is None or not matches:
            raise InvalidCredentials
        now = self._clock.now()
        session = Session(session_id=uuid7(), user_id=found.user.user_id, created_at=now)
        token, kept = new_refresh_token(session.session_id, now)
        async with self._accounts.transaction() as accounts:
            await accounts.insert_session(session, kept)
        return await self._pair(found.user, session.session_id, token)

    async def refresh(self, token: str) -> TokenPair:
        """The next pair. Raises RefreshTokenInvalid; or RefreshTokenReused, and then the session is over."""
        now = self._clock.now()
        async with self._accounts.transaction() as accounts:
            found = await accounts.lock_token(hash_of(token))
            user = await self._use(accounts, found, now)
            fresh, kept = new_refresh_token(found[1].session_id if found else "", now)
            if found and user:
                await accounts.replace_token(found[0], kept, now)
        # Raised outside, so that the revocation is kept.
        if found is None or (user is None and found[0].used_at is None):
            raise RefreshTokenInvalid
        if user is None:
            raise RefreshTokenReused
        return await self._pair(user, found[1].session_id, fresh)

    async def log_out(self, user_id: str, session_id: str) -> None:
        """Ends a session; a repeat changes nothing."""
        async with self._accounts.transaction() as accounts:
            await _revoke(accounts, user_id, session_id, self._clock.now())

    async def _use(
        self, accounts: AccountWriter, found: tuple[RefreshToken, Session] | None, now: datetime
    ) -> User | None:
        """Whose token it is when it is good; a used one ends its session."""
        if found is None:
            return None
        token, session = found
        if token.used_at is not None:
            await _revoke(accounts, session.user_id, session.session_id, now)
            return None
        if session.revoked_at is not None or token.expires_at <= now:
            return None
        return await accounts.get_for_update(session.user_id)

    async def _pair(self, user: User, session_id: str, refresh_token: str) -> TokenPair:
        return TokenPair(await self._signer.sign(user, session_id), refresh_token, user.user_id)


async def _revoke(accounts: AccountWriter, user_id: str, session_id: str, now: datetime) -> None:
    if await accounts.revoke_session(session_id, now):
        await accounts.publish([SessionRevoked(user_id, session_id, now + ACCESS_TOKEN_LIFE)])
