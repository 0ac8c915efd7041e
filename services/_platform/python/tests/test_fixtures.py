"""The fixtures themselves: real servers, fresh databases, nothing left behind."""

from __future__ import annotations

import asyncpg

from meshkit.postgres import Database


async def test_each_database_is_fresh_and_migrated(pool: Database) -> None:
    async with pool.transaction() as connection:
        assert await connection.fetchval("SELECT count(*) FROM outbox") == 0
        assert await connection.fetchval("SHOW server_version") >= "18"
        await connection.execute("INSERT INTO effects (what) VALUES ('seen')")


async def test_a_copy_of_the_template_does_not_see_another_tests_rows(platform_database: str) -> None:
    connection = await asyncpg.connect(platform_database)
    try:
        assert await connection.fetchval("SELECT count(*) FROM effects") == 0
    finally:
        await connection.close()


async def test_redis_answers_on_its_own_port(redis_server: str) -> None:
    import redis.asyncio

    client = redis.asyncio.from_url(redis_server)
    try:
        assert await client.set("key", "value")
        assert await client.get("key") == b"value"
    finally:
        await client.aclose()
