"""A login and the refresh tokens that keep it alive."""

from __future__ import annotations

import hashlib
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

ACCESS_TOKEN_LIFE: Final = timedelta(minutes=15)
REFRESH_TOKEN_LIFE: Final = timedelta(days=30)


@dataclass(frozen=True, slots=True, kw_only=True)
class Session:
    """One login of one user; over once `revoked_at` is set."""

    session_id: str
    user_id: str
    created_at: datetime
    revoked_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RefreshToken:
    """Good once and until `expires_at`. Only its hash is kept: 256 random bits need no slow one."""

    token_hash: bytes
    session_id: str
    expires_at: datetime
    used_at: datetime | None = None


def new_refresh_token(session_id: str, now: datetime) -> tuple[str, RefreshToken]:
    """A fresh token to hand out, and what is kept of it."""
    token = secrets.token_urlsafe(32)
    return token, RefreshToken(
        token_hash=hash_of(token), session_id=session_id, expires_at=now + REFRESH_TOKEN_LIFE
    )


def hash_of(token: str) -> bytes:
    """What is kept of a token."""
    return hashlib.sha256(token.encode()).digest()
