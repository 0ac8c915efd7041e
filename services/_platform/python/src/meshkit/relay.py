"""Publishes a service's outbox: in order, by one replica at a time, until all is acknowledged."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Final

import asyncpg
import orjson

from meshkit.events import MSG_ID, event_headers
from meshkit.lifecycle import Background
from meshkit.logging import get_logger
from meshkit.nats import BrokerUnavailable, Nats
from meshkit.postgres import Database
from meshkit.telemetry import OUTBOX_AGE, OUTBOX_BACKLOG, OUTBOX_PUBLISHED

if TYPE_CHECKING:
    Session = asyncpg.Connection[asyncpg.Record]

CHANNEL: Final = "outbox"
_EXPECTED_LAST: Final = "Nats-Expected-Last-Msg-Id"
# One advisory lock per database, hence per service: its holder publishes.
_LOCK_KEY: Final = 0x6F7574626F78
_BATCH: Final = 256
_POLL_S: Final = 1.0
_ACK_LIMIT_S: Final = 5.0
_BACKOFF_S: Final = (0.1, 0.2, 0.5, 1.0, 2.0, 5.0)
_PRUNE_EVERY_S: Final = 600.0
_KEEP_PUBLISHED: Final = "7 days"

_SELECT: Final = """
    SELECT position, id, subject, type, entity_id, data, headers, created_at
    FROM outbox WHERE published_at IS NULL ORDER BY position LIMIT $1
"""
_MARK: Final = "UPDATE outbox SET published_at = now() WHERE position = ANY($1)"
_BACKLOG: Final = """
    SELECT count(*) AS waiting, coalesce(extract(epoch FROM now() - min(created_at)), 0)::float8 AS age
    FROM outbox WHERE published_at IS NULL
"""
_PRUNE: Final = """
    DELETE FROM outbox WHERE position IN (
        SELECT position FROM outbox WHERE published_at < now() - $1::text::interval
        ORDER BY position LIMIT 5000)
"""
log = get_logger()


class OutboxRelay(Background):
    """The publishing task; holds one database connection of its own beside the pool."""

    def __init__(self, service: str, database: Database, nats: Nats) -> None:
        super().__init__("outbox-relay")
        self._source = f"banyan/{service}"
        self._stream, self._subjects = service.upper(), [f"{service}.>"]
        self._database = database
        self._nats = nats
        self._wake = asyncio.Event()

    async def stop(self, grace_s: float) -> None:
        """Publishes what it has in hand and ends."""
        self._stopping.set()
        self._wake.set()
        await super().stop(grace_s)

    async def run(self) -> None:
        """Serves sessions one after the other, for ever: whatever breaks one, the next begins anew."""
        failures = 0
        while not self.stopping:
            try:
                await self._session()
                failures = 0
            except Exception as error:  # noqa: BLE001 - retried for ever, at a bounded rate
                if failures < 3 or failures % 12 == 0:  # an outage of an hour is not worth a thousand lines
                    detail = str(error)[:200]
                    log.warning("outbox relay interrupted", error=type(error).__name__, detail=detail)
                await self.pause(_BACKOFF_S[min(failures, len(_BACKOFF_S) - 1)])
                failures += 1

    async def _session(self) -> None:
        """From connecting to the loss of the connection, or to `stop`; who holds the lock publishes."""
        connection = await self._database.connect()
        try:
            await connection.add_listener(CHANNEL, self._notified)
            await self._measure(connection)
            while not self.stopping:
                if await connection.fetchval("SELECT pg_try_advisory_lock($1)", _LOCK_KEY):
                    return await self._publish_until_stopped(connection)
                await self.pause(_POLL_S)
                await self._measure(connection)
        finally:
            await _close(connection)

    async def _publish_until_stopped(self, connection: Session) -> None:
        await self._nats.ensure_stream(self._stream, self._subjects)
        loop = asyncio.get_running_loop()
        next_measure, next_prune = loop.time() + _POLL_S, 0.0
        while not self.stopping:
            self._wake.clear()
            while await self._publish_batch(connection) == _BATCH and not self.stopping:
                await self._measure(connection)
            if loop.time() >= next_measure:
                await self._measure(connection)
                next_measure = loop.time() + _POLL_S
            if loop.time() >= next_prune:
                await connection.execute(_PRUNE, _KEEP_PUBLISHED)
                next_prune = loop.time() + _PRUNE_EVERY_S
            await self._sleep()

    async def _sleep(self) -> None:
        """Until notified, at most one second: a notification can be lost with its connection."""
        try:
            async with asyncio.timeout(_POLL_S):
                await self._wake.wait()
        except TimeoutError:
            return

    async def _publish_batch(self, connection: Session) -> int:
        """Publishes up to a batch and marks what was acknowledged; returns how many, raises when some were not."""
        rows = await connection.fetch(_SELECT, _BATCH)
        if not rows:
            return 0
        if not self._nats.connected:  # else the client would keep the messages and send them much later
            raise BrokerUnavailable
        acknowledged, error = await self._publish(rows)
        if acknowledged:
            positions = [row["position"] for row in acknowledged]
            await connection.execute(_MARK, positions)
            OUTBOX_PUBLISHED.inc(len(positions))
        if error is not None:
            raise error
        if len(rows) < _BATCH:
            OUTBOX_BACKLOG.set(0)
            OUTBOX_AGE.set(0)
        return len(rows)

    async def _publish(
        self, rows: Sequence[asyncpg.Record]
    ) -> tuple[Sequence[asyncpg.Record], BaseException | None]:
        """Sends all rows at once; returns the acknowledged head, and the error of the first row that was not.

        Each message names its predecessor as the stream's expected last one, so that the broker refuses all
        that follow a lost message: a batch is stored in order, or not at all from the gap on.
        """
        jetstream, futures = self._nats.jetstream, []
        previous: str | None = None
        for row in rows:
            headers = self._headers(row, previous)
            futures.append(await jetstream.publish_async(row["subject"], row["data"], headers=headers))
            previous = headers[MSG_ID]
        await asyncio.wait(futures, timeout=_ACK_LIMIT_S)
        for number, future in enumerate(futures):
            error = future.exception() if future.done() else TimeoutError("no acknowledgement")
            if error is not None:
                _forget(futures[number:])
                return rows[:number], error
        return rows, None

    def _headers(self, row: asyncpg.Record, previous: str | None) -> dict[str, str]:
        headers = event_headers(
            event_id=str(row["id"]),
            type_name=row["type"],
            source=self._source,
            time=row["created_at"],
            entity_id=row["entity_id"],
            extra=orjson.loads(row["headers"]),
        )
        if previous is not None:
            headers[_EXPECTED_LAST] = previous
        return headers

    async def _measure(self, connection: Session) -> None:
        row = await connection.fetchrow(_BACKLOG)
        if row is not None:
            OUTBOX_BACKLOG.set(row["waiting"])
            OUTBOX_AGE.set(row["age"])

    def _notified(self, *_: object) -> None:
        self._wake.set()


async def _close(connection: Session) -> None:
    """Says goodbye, which frees the lock for the next publisher at once."""
    try:
        await connection.close(timeout=1)
    except (OSError, TimeoutError, asyncpg.PostgresError, asyncpg.InterfaceError):
        connection.terminate()


def _forget(futures: Sequence[asyncio.Future[Any]]) -> None:
    """Lets go of acknowledgements that no longer matter; a late error must not be reported as unhandled."""
    for future in futures:
        if future.done():
            future.exception()
        else:
            future.cancel()
