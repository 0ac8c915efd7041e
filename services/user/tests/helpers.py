"""Things to test with."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

from meshkit.clock import uuid7
from user.domain.user import Role, User

NOW = datetime(2026, 1, 1, tzinfo=UTC)
PASSWORD = "correct horse battery staple"


def user(**changes: object) -> User:
    """A valid account."""
    made = User(
        user_id=uuid7(),
        email=f"{uuid7()}@example.com",
        display_name="Ada",
        roles=frozenset({Role.CUSTOMER}),
        created_at=NOW,
        updated_at=NOW,
    )
    return replace(made, **changes)  # type: ignore[arg-type]


class PlainHasher:
    """Implements the `PasswordHasher` port without any work, and counts the checks."""

    def __init__(self) -> None:
        self.checks = 0

    async def hash(self, password: str) -> str:
        """The password, marked."""
        return f"plain:{password}"

    async def verify(self, password_hash: str | None, password: str) -> bool:
        """Whether they match."""
        self.checks += 1
        return password_hash == f"plain:{password}"
