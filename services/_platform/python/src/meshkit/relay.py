"""Publishes a service's outbox: in order, by one replica at a time, until all is acknowledged."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import UTC, datetime
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
# An event after a pause is published at once; those that follow it go together, at most so many seconds later.
_LINGER_S: Final = 0.05
_ACK_LIMIT_S: Final = 5.0
_BACKOFF_S: Final = (0.1, 0.2, 0.5, 1.0, 2.0, 5.0)
_PRUNE_EVERY_S: Final = 600.0
_KEEP_PUBLISHED: Final = "7 days"

# Marks what the broker has, and takes what is next.
_NEXT: Final = """
    WITH marked AS (UPDATE outbox SET published_at = now() WHERE position = ANY($1))
    SELECT position, id, subject, type, entity_id, data, headers, created_at
    FROM outbox WHERE published_at IS NULL AND position <> ALL($1) ORDER BY position LIMIT $2
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

    async def start(self) -> None:
        """Begins to publish, and to listen for commits of this process."""
        self._database.event_listeners.add(self._wake.set)
        await super().start()

    async def stop(self, grace_s: float) -> None:
        """Publishes what it has in hand and ends."""
        self._database.event_listeners.discard(self._wake.set)
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
            # A crash may lose the marks of the last moments: those events are published again, and their ids let the
            # broker or the inboxes drop them. No other transaction has to wait behind the flush of a mark.
            await connection.execute("SET synchronous_commit = off; SET plan_cache_mode = force_generic_plan")
            await self._measure(connection)
            while not self.stopping:
                if await connection.fetchval("SELECT pg_try_advisory_lock($1)", _LOCK_KEY):
                    return await self._publish_until_stopped(connection)
                await self._stand_by(connection)
        finally:
            await _close(connection)

    async def _stand_by(self, connection: Session) -> None:
        """For a second, tells the replica that publishes of events committed here, many at once.

        Not in the transactions of the events: a notification makes commits wait for each other.
        """
        loop = asyncio.get_running_loop()
        until = loop.time() + _POLL_S
        while not self.stopping and (left := until - loop.time()) > 0:
            await self._sleep(left)
            if self._wake.is_set():
                self._wake.clear()
                await connection.execute(f"NOTIFY {CHANNEL}")
                await self.pause(_LINGER_S)
        await self._measure(connection)

    async def _publish_until_stopped(self, connection: Session) -> None:
        await connection.add_listener(CHANNEL, self._notified)
        await self._nats.ensure_stream(self._stream, self._subjects)
        loop = asyncio.get_running_loop()
        next_prune = 0.0
        acknowledged: list[int] = []
        while not self.stopping:
            self._wake.clear()
            rows = await connection.fetch(_NEXT, acknowledged, _BATCH)
            await self._show_backlog(connection, rows)
            acknowledged = await self._publish_batch(connection, rows)
            if loop.time() >= next_prune:
                await connection.execute(_PRUNE, _KEEP_PUBLISHED)
                next_prune = loop.time() + _PRUNE_EVERY_S
            if not rows:  # a notification can be lost with its connection
                await self._sleep(_POLL_S)
            elif len(rows) < _BATCH:
                await self.pause(_LINGER_S)
        await connection.execute(_MARK, acknowledged)

    async def _sleep(self, limit_s: float) -> None:
        """Until events were committed, here or elsewhere, or for `limit_s` seconds."""
        try:
            async with asyncio.timeout(limit_s):
                await self._wake.wait()
        except TimeoutError:
            return

    async def _publish_batch(self, connection: Session, rows: Sequence[asyncpg.Record]) -> list[int]:
        """Publishes `rows`; returns their positions, to be marked, or raises with those marked that were acknowledged."""
        if not rows:
            return []
        if not self._nats.connected:  # else the client would keep the messages and send them much later
            raise BrokerUnavailable
        acknowledged, error = await self._publish(rows)
        positions = [row["position"] for row in acknowledged]
        OUTBOX_PUBLISHED.inc(len(positions))
        if error is not None:
            await connection.execute(_MARK, positions)
            raise error
        return positions

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

    async def _show_backlog(self, connection: Session, rows: Sequence[asyncpg.Record]) -> None:
        """Less than a batch is all there is."""
        if len(rows) == _BATCH:
            await self._measure(connection)
        else:
            OUTBOX_BACKLOG.set(len(rows))
            age_s = (datetime.now(UTC) - rows[0]["created_at"]).total_seconds() if rows else 0.0
            OUTBOX_AGE.set(max(age_s, 0.0))

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
