"""The first answer to each (caller, method, request_id), kept in the transaction of its effect, for 24 hours.

Refusals are not kept: a request that failed had no effect, and its repeat is tried anew.
"""

from __future__ import annotations

import hashlib
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from typing import Any, Final, TypeVar

from google.protobuf.message import Message

from meshkit import wire
from meshkit.clock import Clock
from meshkit.context import CallContext
from meshkit.errors import PlatformError, key_reused
from meshkit.postgres import Connection, Database
from meshkit.tasks import Periodic

R = TypeVar("R", bound=Message)

RETENTION: Final = timedelta(hours=24)
_SWEEP_INTERVAL_S: Final = 600.0
_SWEEP_ROWS: Final = 5000
_LOCK: Final = "SELECT pg_try_advisory_xact_lock(hashtextextended($1, 0))"
_SELECT: Final = """
    SELECT request_hash, response FROM idempotency
    WHERE caller = $1 AND method = $2 AND request_id = $3 AND created_at > $4
"""
_INSERT: Final = """
    INSERT INTO idempotency (caller, method, request_id, request_hash, response, created_at)
    VALUES ($1, $2, $3, $4, $5, $6)
    ON CONFLICT (caller, method, request_id) DO UPDATE
    SET request_hash = excluded.request_hash, response = excluded.response, created_at = excluded.created_at
    WHERE idempotency.request_hash = excluded.request_hash OR idempotency.created_at <= $7
"""
_SWEEP: Final = """
    WITH swept AS (
        DELETE FROM idempotency WHERE (caller, method, request_id) IN (
            SELECT caller, method, request_id FROM idempotency
            WHERE created_at <= $1 ORDER BY created_at LIMIT $2)
        RETURNING 1)
    SELECT count(*) FROM swept
"""


async def idempotent(
    conn: Connection,
    *,
    context: CallContext,
    request: Message,
    response_type: type[R],
    effect: Callable[[], Awaitable[R]],
    now: datetime,
) -> R:
    """Runs `effect` once per request key, in the caller's open transaction; later calls get the first answer.

    Raises aborted REQUEST_IN_PROGRESS while the first is still running, and failed_precondition
    IDEMPOTENCY_KEY_REUSED when the key came before with another body. Without a `request_id` it just runs.
    """
    stored = await claim(conn, context=context, request=request, response_type=response_type, now=now)
    if stored is not None:
        return stored
    response = await effect()
    await remember(conn, context=context, request=request, response=response, now=now)
    return response


async def claim(
    conn: Connection, *, context: CallContext, request: Message, response_type: type[R], now: datetime
) -> R | None:
    """Takes the request's key until the transaction ends; returns the stored answer, None for a first request.

    An answer as old as `RETENTION` counts as forgotten, swept or not.
    The first half of `idempotent`, for effects that span several transactions.
    """
    key = _key(context, request)
    if not key[2]:
        return None
    if not await conn.fetchval(_LOCK, "\x1f".join(key)):
        raise PlatformError("aborted", "REQUEST_IN_PROGRESS", "the first request of this key is running")
    row = await conn.fetchrow(_SELECT, *key, now - RETENTION)
    if row is None:
        return None
    if row["request_hash"] != _hash(request):
        raise key_reused()
    context.set_initial_metadata(wire.REPLAYED_KEY, "true")
    return response_type.FromString(row["response"])


async def remember(
    conn: Connection, *, context: CallContext, request: Message, response: Message, now: datetime
) -> None:
    """Stores the answer for later calls; a second answer to the same request takes the first one's place."""
    key = _key(context, request)
    if key[2]:
        answer = response.SerializeToString()
        await conn.execute(_INSERT, *key, _hash(request), answer, now, now - RETENTION)


def _key(context: CallContext, request: Any) -> tuple[str, str, str]:
    return context.identity.caller, context.method, str(request.request_id)


def _hash(request: Message) -> bytes:
    return hashlib.sha256(request.SerializeToString(deterministic=True)).digest()


class IdempotencySweeper(Periodic):
    """Deletes answers as old as `RETENTION` by `clock`, `bite` rows at a time until none is left."""

    def __init__(
        self,
        database: Database,
        clock: Clock,
        interval_s: float = _SWEEP_INTERVAL_S,
        bite: int = _SWEEP_ROWS,
    ) -> None:
        async def sweep() -> None:
            swept = bite
            while swept == bite and not self.stopping:
                async with database.acquire() as connection:
                    swept = await connection.fetchval(_SWEEP, clock.now() - RETENTION, bite)

        super().__init__("idempotency-sweeper", interval_s, sweep)
