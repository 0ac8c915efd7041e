"""Reading and changing accounts."""

from __future__ import annotations

from datetime import datetime

from user.app.ports import AccountReader, AccountWriter
from user.domain.errors import UserNotFound
from user.domain.events import UserUpdated
from user.domain.user import Role, User


async def get_user(accounts: AccountReader, user_id: str) -> User:
    """An account. Raises UserNotFound."""
    user = await accounts.get(user_id)
    if user is None:
        raise UserNotFound(user_id)
    return user


async def update_user(
    accounts: AccountWriter, user_id: str, changes: dict[str, str], *, now: datetime
) -> User:
    """Replaces name or locale and tells of it. Raises UserNotFound, InvalidUser."""
    return await _save(accounts, (await _locked(accounts, user_id)).changed(changes, now))


async def set_roles(accounts: AccountWriter, user_id: str, roles: frozenset[Role], *, now: datetime) -> User:
    """Gives an account these roles and tells of it. Tokens carry them from the next refresh on. Raises UserNotFound."""
    return await _save(accounts, (await _locked(accounts, user_id)).with_roles(roles, now))


async def _locked(accounts: AccountWriter, user_id: str) -> User:
    user = await accounts.get_for_update(user_id)
    if user is None:
        raise UserNotFound(user_id)
    return user


async def _save(accounts: AccountWriter, user: User) -> User:
    await accounts.update(user)
    await accounts.publish([UserUpdated(user)])
    return user
