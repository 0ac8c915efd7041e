"""Making accounts."""

from __future__ import annotations

from datetime import datetime

from user.app.ports import AccountWriter
from user.domain.events import UserRegistered, UserUpdated
from user.domain.user import User


async def register(accounts: AccountWriter, user: User, password_hash: str) -> User:
    """Adds an account and tells of it. Raises EmailTaken."""
    await accounts.insert(user, password_hash)
    await accounts.publish([UserRegistered(user)])
    return user


async def ensure(
    accounts: AccountWriter, wanted: User, password_hash: str, now: datetime
) -> tuple[User, bool]:
    """Makes the account, or gives the one of this address the wanted name, roles and password; whether it was made."""
    present = await accounts.by_email(wanted.email)
    if present is None:
        return await register(accounts, wanted, password_hash), True
    changed = present.changed({"display_name": wanted.display_name}, now).with_roles(wanted.roles, now)
    await accounts.update(changed, password_hash)
    await accounts.publish([UserUpdated(changed)])
    return changed, False
