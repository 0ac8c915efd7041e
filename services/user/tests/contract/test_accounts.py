"""One suite for every implementation of the Accounts port."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import timedelta

import pytest

from meshkit.clock import FakeClock, uuid7
from meshkit.postgres import Database
from user.adapters.keys import KeyRing, new_key
from user.adapters.postgres import PostgresAccounts
from user.app.accounts import get_user, set_roles, update_user
from user.app.ports import Accounts
from user.app.register import ensure, register
from user.app.sessions import Sessions, TokenPair
from user.domain.errors import (
    EmailTaken,
    InvalidCredentials,
    RefreshTokenInvalid,
    RefreshTokenReused,
    UserNotFound,
)
from user.domain.session import REFRESH_TOKEN_LIFE, hash_of
from user.domain.user import Role, User

from ..helpers import NOW, PASSWORD, PlainHasher, user


async def added(accounts: Accounts) -> User:
    made = user()
    async with accounts.transaction() as writer:
        await register(writer, made, f"plain:{PASSWORD}")
    return made


async def sessions_of(accounts: Accounts, clock: FakeClock) -> Sessions:
    keys = KeyRing(accounts, clock, None)
    await keys.ensure()
    return Sessions(accounts, PlainHasher(), keys, clock)


async def test_account_comes_back_as_it_was(accounts: Accounts) -> None:
    made = await added(accounts)
    assert await get_user(accounts, made.user_id) == made
    with pytest.raises(UserNotFound):
        await get_user(accounts, uuid7())


async def test_address_is_unique_under_concurrency(accounts: Accounts) -> None:
    start = asyncio.Barrier(5)

    async def take() -> bool:
        await start.wait()
        try:
            async with accounts.transaction() as writer:
                await register(writer, user(email="same@example.com"), "h")
        except EmailTaken:
            return False
        return True

    assert (await asyncio.gather(*(take() for _ in range(5)))).count(True) == 1


async def test_update_and_roles_are_kept(accounts: Accounts) -> None:
    made = await added(accounts)
    async with accounts.transaction() as writer:
        await update_user(writer, made.user_id, {"display_name": "Bob", "locale": "de"}, now=NOW)
        await set_roles(writer, made.user_id, frozenset({Role.STAFF}), now=NOW)
    kept = await get_user(accounts, made.user_id)
    assert (kept.display_name, kept.locale, Role.STAFF in kept.roles) == ("Bob", "de", True)


async def test_ensure_makes_then_updates(accounts: Accounts) -> None:
    wanted = user(roles=frozenset({Role.CUSTOMER, Role.STAFF}))
    async with accounts.transaction() as writer:
        assert await ensure(writer, wanted, "h1", NOW) == (wanted, True)
    again = replace(wanted, user_id=uuid7(), display_name="New name")
    async with accounts.transaction() as writer:
        kept, created = await ensure(writer, again, "h2", NOW)
    assert (kept.user_id, kept.display_name, created) == (wanted.user_id, "New name", False)
    found = await accounts.credentials(wanted.email)
    assert found is not None
    assert found.password_hash == "h2"


async def test_log_in_checks_a_password_even_for_nobody(accounts: Accounts, clock: FakeClock) -> None:
    made = await added(accounts)
    hasher, keys = PlainHasher(), KeyRing(accounts, clock, None)
    sessions = Sessions(accounts, hasher, keys, clock)
    for email, password in ((made.email, "wrong password"), ("nobody@example.com", PASSWORD)):
        with pytest.raises(InvalidCredentials):
            await sessions.log_in(email, password)
    assert hasher.checks == 2
    assert (await sessions.log_in(made.email.upper(), PASSWORD)).user_id == made.user_id


async def test_refresh_rotates_and_reuse_ends_the_session(accounts: Accounts, clock: FakeClock) -> None:
    made = await added(accounts)
    sessions = await sessions_of(accounts, clock)
    first = await sessions.log_in(made.email, PASSWORD)
    second = await sessions.refresh(first.refresh_token)
    assert second.refresh_token != first.refresh_token
    with pytest.raises(RefreshTokenReused):
        await sessions.refresh(first.refresh_token)
    with pytest.raises(RefreshTokenInvalid):
        await sessions.refresh(second.refresh_token)


async def test_concurrent_refreshes_give_at_most_one_pair(accounts: Accounts, clock: FakeClock) -> None:
    made = await added(accounts)
    sessions = await sessions_of(accounts, clock)
    first = await sessions.log_in(made.email, PASSWORD)
    results = await asyncio.gather(
        *(sessions.refresh(first.refresh_token) for _ in range(4)), return_exceptions=True
    )
    assert sum(isinstance(each, TokenPair) for each in results) == 1
    assert all(isinstance(each, TokenPair | RefreshTokenReused | RefreshTokenInvalid) for each in results)


async def test_logged_out_and_expired_tokens_are_no_good(accounts: Accounts, clock: FakeClock) -> None:
    made = await added(accounts)
    sessions = await sessions_of(accounts, clock)
    kept = await sessions.log_in(made.email, PASSWORD)
    clock.advance(REFRESH_TOKEN_LIFE.total_seconds())
    for token in (kept.refresh_token, "unknown"):
        with pytest.raises(RefreshTokenInvalid):
            await sessions.refresh(token)


async def test_replicas_agree_on_the_first_key(accounts: Accounts, clock: FakeClock) -> None:
    rings = [KeyRing(accounts, clock, None) for _ in range(4)]
    await asyncio.gather(*(ring.ensure() for ring in rings))
    assert len(await accounts.signing_keys()) == 1
    for ring in rings:
        await ring.refresh()
    assert len({ring.published()[0]["kid"] for ring in rings}) == 1


async def test_rotation_publishes_old_and_new_until_the_old_is_over(
    accounts: Accounts, clock: FakeClock
) -> None:
    ring, other = KeyRing(accounts, clock, None), KeyRing(accounts, clock, None)
    await ring.ensure()
    await other.ensure()
    (old,) = [key["kid"] for key in ring.published()]
    clock.advance(1)
    async with accounts.transaction() as writer:
        new = await ring.rotate(writer)
    await other.refresh()
    assert [key["kid"] for key in other.published()] == [new, old]
    clock.advance(timedelta(minutes=21).total_seconds())
    assert [key["kid"] for key in other.published()] == [new]


async def test_key_is_made_only_if_none_signs(accounts: Accounts, clock: FakeClock) -> None:
    for expected in (True, False):
        async with accounts.transaction() as writer:
            assert await writer.rotate_key(new_key(clock.now()), only_if_none=True) is expected


async def test_a_transaction_that_fails_late_leaves_nothing(accounts: Accounts, clock: FakeClock) -> None:
    sessions = await sessions_of(accounts, clock)
    known, new = await added(accounts), user(email="new@example.com")
    pair = await sessions.log_in(known.email, PASSWORD)

    async def fail_at_the_end() -> None:
        async with accounts.transaction() as writer:
            await register(writer, new, "h")
            await update_user(writer, known.user_id, {"display_name": "Bob"}, now=NOW)
            found = await writer.lock_token(hash_of(pair.refresh_token))
            assert found is not None
            assert await writer.revoke_session(found[1].session_id, NOW)
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await fail_at_the_end()
    assert await get_user(accounts, known.user_id) == known
    with pytest.raises(UserNotFound):
        await get_user(accounts, new.user_id)
    assert (await sessions.refresh(pair.refresh_token)).user_id == known.user_id


async def test_a_failed_transaction_tells_nobody(pool: Database) -> None:
    """The outbox keeps nothing of it."""
    accounts = PostgresAccounts(pool)

    async def fail_at_the_end() -> None:
        async with accounts.transaction() as writer:
            await register(writer, user(), "h")
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await fail_at_the_end()
    async with pool.acquire() as connection:
        assert await connection.fetchval("SELECT count(*) FROM outbox") == 0
        await added(accounts)
        assert await connection.fetchval("SELECT count(*) FROM outbox") == 1
