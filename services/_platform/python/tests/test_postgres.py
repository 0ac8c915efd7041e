"""The pool: bounded, measured, and honest about a database that is away."""

from __future__ import annotations

import asyncio
from typing import Any

import asyncpg
import pytest
from prometheus_client import REGISTRY

from meshkit.context import deadline_in
from meshkit.postgres import Database, DatabaseUnavailable, PoolExhausted, TransactionConflict


def metric(name: str, **labels: str) -> float:
    value = REGISTRY.get_sample_value(name, labels)
    assert value is not None
    return value


async def test_the_pools_use_is_exported(pool: Database) -> None:
    assert metric("db_pool_max") == 4
    waits, held = metric("db_pool_wait_seconds_count"), metric("db_pool_use_seconds_sum")
    async with pool.acquire(), pool.acquire():
        assert metric("db_pool_connections", state="used") == 2
        await asyncio.sleep(0.1)
    assert metric("db_pool_connections", state="used") == 0
    assert metric("db_pool_connections", state="idle") == 2
    assert metric("db_pool_wait_seconds_count") == waits + 2
    assert metric("db_pool_use_seconds_sum") >= held + 2 * 0.1


async def test_waiting_for_a_connection_is_measured_and_bounded_by_the_deadline(
    platform_database: str,
) -> None:
    database = Database(platform_database, pool_max=1)
    await database.start()
    waited = metric("db_pool_wait_seconds_sum")
    async with database.acquire():
        with deadline_in(0.2), pytest.raises(PoolExhausted) as raised:
            async with database.acquire():
                pass
    assert raised.value.kind == "resource_exhausted"
    assert metric("db_pool_wait_seconds_sum") >= waited + 0.19
    async with database.acquire() as connection:
        assert await connection.fetchval("SELECT 1") == 1
    await database.stop(1.0)


async def test_a_pool_in_full_use_is_still_ready(platform_database: str) -> None:
    database = Database(platform_database, pool_max=1)
    await database.start()
    async with database.acquire():
        await database.ping()
    await database.stop(1.0)


async def test_a_transaction_is_rolled_back_on_an_exception(pool: Database) -> None:
    with pytest.raises(KeyError):
        async with pool.transaction() as connection:
            await connection.execute("INSERT INTO effects (what) VALUES ('no')")
            raise KeyError
    async with pool.acquire() as connection:
        assert await connection.fetchval("SELECT count(*) FROM effects") == 0


async def test_a_cancelled_caller_gives_its_connection_back(pool: Database) -> None:
    async def sleep() -> None:
        async with pool.transaction() as connection:
            await connection.execute("SELECT pg_sleep(30)")

    tasks = [asyncio.create_task(sleep()) for _ in range(4)]
    await asyncio.sleep(0.1)
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    async with pool.acquire() as connection:
        assert await connection.fetchval("SELECT 1") == 1
    assert metric("db_pool_connections", state="used") == 0


async def test_a_database_that_is_away_is_unavailable_not_a_crash() -> None:
    database = Database("postgres://postgres@127.0.0.1:1/none")
    await database.start()
    with pytest.raises(DatabaseUnavailable) as raised:
        await database.ping()
    assert (raised.value.kind, raised.value.reason) == ("unavailable", "DATABASE_UNAVAILABLE")
    assert "127.0.0.1" not in str(raised.value)
    await database.stop(0)


async def test_a_connection_cut_in_use_is_unavailable_and_replaced(
    pool: Database, postgres_server: Any
) -> None:
    with pytest.raises(DatabaseUnavailable):
        async with pool.transaction() as connection:
            pid = await connection.fetchval("SELECT pg_backend_pid()")
            postgres_server.execute(f"SELECT pg_terminate_backend({pid})")
            await connection.execute("SELECT 1")
    await pool.ping()


async def test_a_services_own_error_is_left_alone(pool: Database) -> None:
    with pytest.raises(ConnectionError, match="of somebody else"):
        async with pool.acquire():
            raise ConnectionError("of somebody else")
    with pytest.raises(asyncpg.UniqueViolationError):
        async with pool.transaction() as connection:
            await connection.execute("INSERT INTO effects (id, what) VALUES (1, 'a')")
            await connection.execute("INSERT INTO effects (id, what) VALUES (1, 'b')")


async def test_a_server_that_hangs_while_a_command_is_called_off_is_unavailable_and_hides_no_other_error(
    pool: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    give_back = asyncpg.Pool.release

    async def hang(real: asyncpg.Pool[Any], connection: Any) -> None:
        await give_back(real, connection)
        raise TimeoutError

    monkeypatch.setattr(asyncpg.Pool, "release", hang)
    with pytest.raises(DatabaseUnavailable):
        async with pool.acquire() as connection:
            await connection.execute("SELECT 1")
    with pytest.raises(KeyError):
        async with pool.acquire():
            raise KeyError
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.05), pool.acquire() as connection:
            await connection.execute("SELECT pg_sleep(10)")


async def test_a_deadlock_asks_the_caller_to_try_again(pool: Database) -> None:
    async with pool.acquire() as connection:
        await connection.execute("INSERT INTO effects (id, what) VALUES (1, 'a'), (2, 'b')")
    barrier = asyncio.Barrier(2)

    async def touch(first: int, second: int) -> None:
        async with pool.transaction() as connection:
            await connection.execute("UPDATE effects SET what = 'x' WHERE id = $1", first)
            await barrier.wait()
            await connection.execute("UPDATE effects SET what = 'x' WHERE id = $1", second)

    outcomes = await asyncio.gather(touch(1, 2), touch(2, 1), return_exceptions=True)
    failures = [outcome for outcome in outcomes if outcome is not None]
    assert [type(failure) for failure in failures] == [TransactionConflict]


async def test_stopping_waits_for_those_in_use_but_not_for_ever(platform_database: str) -> None:
    database = Database(platform_database, pool_max=2)
    await database.start()
    held = asyncio.Event()

    async def hold() -> None:
        async with database.acquire() as connection:
            held.set()
            await connection.execute("SELECT pg_sleep(60)")

    task = asyncio.create_task(hold())
    await held.wait()
    async with asyncio.timeout(5):
        await database.stop(0.1)
    with pytest.raises(DatabaseUnavailable):
        await task


async def test_generic_plans_are_on_demand(platform_database: str) -> None:
    for wanted, mode in ((False, "auto"), (True, "force_generic_plan")):
        database = Database(platform_database, pool_max=1, generic_plans=wanted)
        await database.start()
        async with database.acquire() as connection:
            assert await connection.fetchval("SHOW plan_cache_mode") == mode
        await database.stop(1.0)
