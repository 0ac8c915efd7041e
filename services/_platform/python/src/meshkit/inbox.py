"""Consumes events of a stream: each has its effect once, in one transaction with its inbox row."""

from __future__ import annotations

import asyncio
import time
import uuid
from collections.abc import Awaitable, Callable, Mapping
from typing import Final

from google.protobuf.message import DecodeError, Message
from nats.aio.msg import Msg

from meshkit import tracing, wire
from meshkit.clock import uuid7_at
from meshkit.deadletters import DeadLetters
from meshkit.events import Event, decode
from meshkit.lifecycle import Background
from meshkit.logging import get_logger
from meshkit.nats import Nats
from meshkit.postgres import Connection, Database, DatabaseUnavailable
from meshkit.puller import Puller
from meshkit.tasks import Periodic
from meshkit.telemetry import INBOX_EVENTS

Handler = Callable[[Event, Connection], Awaitable[None]]
Handlers = Mapping[str, tuple[type[Message], Handler]]

MAX_DELIVERIES: Final = 6
BACKOFF_S: Final = (1.0, 2.0, 4.0, 8.0, 16.0)
_HANDLE_LIMIT_S: Final = (
    25.0  # less than the broker's 30 s, or it would deliver the event a second time meanwhile
)
_DATABASE_RETRY_S: Final = 1.0
_MAX_UNANSWERED: Final = 20
# A stream keeps its events for 30 days; nothing older can be delivered again.
_KEEP_DAYS: Final = 35
_SWEEP_INTERVAL_S: Final = 3600.0
# Ids are UUIDv7, so that the oldest are the smallest and the primary key finds them.
_SWEEP: Final = """
    DELETE FROM inbox WHERE consumer = $1 AND event_id IN (
        SELECT event_id FROM inbox WHERE consumer = $1 AND event_id < $2 ORDER BY event_id LIMIT 10000)
"""
_INSERT: Final = "INSERT INTO inbox (consumer, event_id) VALUES ($1, $2) ON CONFLICT DO NOTHING RETURNING 1"
log = get_logger()


class InboxConsumer(Background):
    """A durable consumer of one stream, named `<service>-<stream>`.

    Events of one entity are handled in order, those of different ones up to `concurrency` at once; an event
    that is being retried may be overtaken. After 6 deliveries, or at once when malformed, it goes to the dead
    letters. While the service's own database is away, events just wait.
    """

    def __init__(
        self,
        service: str,
        stream: str,
        handlers: Handlers,
        database: Database,
        nats: Nats,
        *,
        concurrency: int = 4,
        backoff_s: tuple[float, ...] = BACKOFF_S,
    ) -> None:
        self.consumer = f"{service}-{stream.lower()}"
        super().__init__(f"inbox-{self.consumer}")
        self._handlers = dict(handlers)
        self._database = database
        self._backoff_s = backoff_s
        self._concurrency = concurrency
        self._dead_letters = DeadLetters(self.consumer, nats)
        self._sweeper = Periodic(f"{self.name}-sweeper", _SWEEP_INTERVAL_S, self._sweep)
        self._puller = Puller(nats, stream, self.consumer, sorted(self._handlers))

    async def run(self) -> None:
        """Feeds the workers until stopped; they finish what they were given."""
        queues: list[asyncio.Queue[Msg | None]] = [asyncio.Queue(maxsize=4) for _ in range(self._concurrency)]
        async with asyncio.TaskGroup() as group:
            for queue in queues:
                group.create_task(self._work(queue))
            try:
                async for message in self._puller.messages(self._stopping):
                    entity = (message.headers or {}).get("ce-subject") or message.subject
                    await queues[hash(entity) % len(queues)].put(message)
            finally:
                for queue in queues:
                    await queue.put(None)

    async def start(self) -> None:
        """Begins to consume, and to forget what cannot come again."""
        await self._sweeper.start()
        await super().start()

    async def stop(self, grace_s: float) -> None:
        """Asks for no more events, lets those in hand finish for `grace_s` seconds."""
        await self._sweeper.stop(1.0)
        self._stopping.set()
        self._puller.wake()
        await super().stop(grace_s)

    async def _work(self, queue: asyncio.Queue[Msg | None]) -> None:
        while (message := await queue.get()) is not None:
            try:
                await self._receive(message)
            except Exception as error:  # unanswered, the broker delivers it again in 30 s
                log.error("event left unanswered", consumer=self.consumer, exc_info=error)

    async def _receive(self, message: Msg) -> None:
        traceparent = (message.headers or {}).get(wire.TRACEPARENT_KEY)
        with tracing.consumer_span(message.subject, traceparent) as span:
            span.set_attribute("messaging.consumer.name", self.consumer)
            outcome = await self._outcome(message)
            span.set_attribute("banyan.outcome", outcome)
            INBOX_EVENTS.labels(self.consumer, message.subject, outcome).inc()

    async def _outcome(self, message: Msg) -> str:
        deliveries = message.metadata.num_delivered or 1
        if deliveries > _MAX_UNANSWERED:
            return await self._bury(message, f"{deliveries} deliveries without an outcome: the process died?")
        message_type, handler = self._handlers[message.subject]
        try:
            event = decode(message.subject, message.headers, message.data, message_type, deliveries)
            uuid.UUID(event.id)
        except (ValueError, DecodeError) as error:
            return await self._bury(message, f"malformed: {error}")
        try:
            fresh = await self._apply_when_possible(message, event, handler)
        except Exception as error:  # noqa: BLE001 - a handler may fail in any way; the event is kept
            return await self._retry(message, event, error)
        await message.ack()
        return "processed" if fresh else "duplicate"

    async def _apply_when_possible(self, message: Msg, event: Event, handler: Handler) -> bool:
        """Like `_apply`; holds the event back while the database is away, without using up its deliveries."""
        while True:
            try:
                async with asyncio.timeout(_HANDLE_LIMIT_S):
                    return await self._apply(event, handler)
            except DatabaseUnavailable:
                if self.stopping:
                    raise
                await message.in_progress()
                await self.pause(_DATABASE_RETRY_S)

    async def _apply(self, event: Event, handler: Handler) -> bool:
        """Runs the handler in the transaction of the inbox row; False when the event had its effect before."""
        async with self._database.transaction() as connection:
            if await connection.fetchval(_INSERT, self.consumer, uuid.UUID(event.id)) is None:
                return False
            await handler(event, connection)
            return True

    async def _retry(self, message: Msg, event: Event, error: Exception) -> str:
        reason = f"{type(error).__name__}: {error}"
        if event.delivery_count >= MAX_DELIVERIES:
            log.error(
                "event handling failed for good", consumer=self.consumer, event_id=event.id, exc_info=error
            )
            return await self._bury(message, reason)
        log.warning(
            "event handling failed, will retry",
            consumer=self.consumer,
            event_id=event.id,
            delivery=event.delivery_count,
            exc_info=error,
        )
        await message.nak(delay=self._delay(event.delivery_count))
        return "retried"

    async def _bury(self, message: Msg, reason: str) -> str:
        await self._dead_letters.add(message, reason)
        await message.ack()
        return "dead_lettered"

    async def _sweep(self) -> None:
        oldest = uuid7_at(time.time() - _KEEP_DAYS * 24 * 3600)
        async with self._database.acquire() as connection:
            await connection.execute(_SWEEP, self.consumer, oldest)

    def _delay(self, deliveries: int) -> float:
        return self._backoff_s[min(deliveries, len(self._backoff_s)) - 1]
