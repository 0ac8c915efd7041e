"""What can go wrong with accounts and sessions.

UserError
├── UserNotFound         not_found
├── EmailTaken           already_exists
├── InvalidCredentials   unauthenticated
├── RefreshTokenInvalid  unauthenticated
├── RefreshTokenReused   unauthenticated
└── InvalidUser          invalid_argument, with a violation per field

No message carries an address, a password or a token.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar


class UserError(Exception):
    """Base: `kind` and `reason` say how it is told to a caller."""

    kind: ClassVar[str]
    reason: ClassVar[str]


class UserNotFound(UserError):
    """No account has this id."""

    kind, reason = "not_found", "USER_NOT_FOUND"

    def __init__(self, user_id: str) -> None:
        super().__init__(f"no user {user_id}")
        self.metadata = {"user_id": user_id}


class EmailTaken(UserError):
    """Another account has this address."""

    kind, reason = "already_exists", "EMAIL_TAKEN"

    def __init__(self) -> None:
        super().__init__("there is an account with this address; log in, or use another one")


class InvalidCredentials(UserError):
    """Address and password don't go together; which of them is wrong is not told."""

    kind, reason = "unauthenticated", "INVALID_CREDENTIALS"

    def __init__(self) -> None:
        super().__init__("address or password is wrong")


class RefreshTokenInvalid(UserError):
    """Unknown, expired, or of a session that has ended."""

    kind, reason = "unauthenticated", "REFRESH_TOKEN_INVALID"

    def __init__(self) -> None:
        super().__init__("the refresh token is not good; log in again")


class RefreshTokenReused(UserError):
    """Used before: somebody has a copy, so the session is over for everyone."""

    kind, reason = "unauthenticated", "REFRESH_TOKEN_REUSED"

    def __init__(self) -> None:
        super().__init__("the refresh token was used before; the session is ended, log in again")


class InvalidUser(UserError):
    """Fields that can't be as they are."""

    kind, reason = "invalid_argument", "INVALID_ARGUMENT"

    def __init__(self, violations: Sequence[tuple[str, str]]) -> None:
        super().__init__("; ".join(f"{field}: {what}" for field, what in violations))
        self.violations = list(violations)
