"""An account, and what makes one valid."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from typing import Final

from user.domain.errors import InvalidUser

MIN_PASSWORD: Final = 10
_LOCALE: Final = re.compile(r"[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8})*")


class Role(StrEnum):
    """What a person may do; the values go into tokens."""

    CUSTOMER = "customer"
    STAFF = "staff"


@dataclass(frozen=True, slots=True, kw_only=True)
class User:
    """An account; the address is lower-case."""

    user_id: str
    email: str
    display_name: str
    roles: frozenset[Role]
    created_at: datetime
    updated_at: datetime
    locale: str = "en"

    def __post_init__(self) -> None:
        wrong = []
        if not 1 <= len(self.display_name.strip()) <= 80:
            wrong.append(("display_name", "must have 1 to 80 characters"))
        if not _LOCALE.fullmatch(self.locale):
            wrong.append(("locale", "must be a BCP 47 tag such as en or pt-BR"))
        if not self.roles:
            wrong.append(("roles", "must name at least one"))
        if wrong:
            raise InvalidUser(wrong)

    def changed(self, changes: dict[str, str], now: datetime) -> User:
        """The account with `display_name` or `locale` replaced. Raises InvalidUser for any other field."""
        if not changes or set(changes) - {"display_name", "locale"}:
            raise InvalidUser([("update_mask", "must name display_name, locale or both")])
        return replace(self, updated_at=now, **changes)  # type: ignore[arg-type]

    def with_roles(self, roles: frozenset[Role], now: datetime) -> User:
        """The account with exactly these roles; a customer it stays."""
        return replace(self, roles=roles | {Role.CUSTOMER}, updated_at=now)


def normalised_email(address: str) -> str:
    """The form in which addresses are compared and kept."""
    return address.strip().lower()


def require_strong(password: str, email: str) -> None:
    """Raises InvalidUser for a password that is short, one repeated character, or the address itself."""
    if len(password) < MIN_PASSWORD or len(set(password)) < 4 or password.lower() == email:
        raise InvalidUser(
            [
                (
                    "password",
                    f"must have {MIN_PASSWORD} or more characters, not all alike, and not be the address",
                )
            ]
        )
