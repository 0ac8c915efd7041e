"""Keys whose day is over: their rows are put back in time through the owner's own role."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Final

import asyncpg
import redis

from tests.support.mesh import RunningMesh

_ANSWERS: Final = "cart:answer:*"
_DAY_MS: Final = 24 * 3600 * 1000
_AGE: Final = """
    UPDATE idempotency SET created_at = created_at - interval '24 hours' WHERE request_id = ANY($1) RETURNING 1
"""


def make_old(mesh: RunningMesh, service: str, keys: list[str]) -> None:
    """Moves what a PostgreSQL service keeps under these keys back by a day; AssertionError unless all are there."""

    async def age() -> int:
        connection = await asyncpg.connect(mesh.run("dsn", service).strip())
        try:
            return len(await connection.fetch(_AGE, keys))
        finally:
            await connection.close()

    assert asyncio.run(age()) == len(keys), f"{service} does not keep its answers to {keys}"


def expire_new_cart_answers(mesh: RunningMesh, during: Callable[[], None]) -> None:
    """Ends the time of the answers that the cart service keeps of what is asked `during` the call."""
    with redis.Redis.from_url(mesh.run("dsn", "redis").strip()) as store:
        before = set(store.scan_iter(_ANSWERS))
        during()
        added = set(store.scan_iter(_ANSWERS)) - before
        assert added, "the cart keeps no answers"
        for key in added:
            assert _DAY_MS - 600_000 < store.pttl(key) <= _DAY_MS
            store.pexpire(key, 1)
