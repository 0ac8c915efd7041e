"""What the user service tells of."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from user.domain.user import User


@dataclass(frozen=True, slots=True)
class UserRegistered:
    """An account was made."""

    user: User


@dataclass(frozen=True, slots=True)
class UserUpdated:
    """Name, locale or roles changed."""

    user: User


@dataclass(frozen=True, slots=True)
class SessionRevoked:
    """A session's tokens are no longer good; the last of them expires at `tokens_expire_at`."""

    user_id: str
    session_id: str
    tokens_expire_at: datetime


Event = UserRegistered | UserUpdated | SessionRevoked
