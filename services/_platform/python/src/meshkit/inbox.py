"""Consumes events of a stream: each has its effect once, in the transaction of its inbox row."""

from __future__ import annotations

import asyncio
import time
import uuid
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping, Sequence
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
# Events that have not had their effects together by then are handled one by one.
_TOGETHER_LIMIT_S: Final = 1.0
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
_INSERT: Final = """
    INSERT INTO inbox (consumer, event_id) SELECT $1, unnest($2::uuid[]) ON CONFLICT DO NOTHING RETURNING event_id
"""
log = get_logger()


class InboxConsumer(Background):
    """A durable consumer of one stream, named `<service>-<stream>`.

    What has arrived is handled in one transaction. When that fails, or takes longer than a second, each event is
    handled in one of its own: those of one entity in order, those of different ones up to `concurrency` at once.
    An event that comes again is handled alone from the start, and may be overtaken while it waits. After 6
    deliveries, or at once when malformed, it goes to the dead letters. While the service's own database is away,
    events just wait.
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
        # Entities of which events are being handled alone, and how many: later ones have to queue behind them.
        self._alone: Counter[str] = Counter()
        self._dead_letters = DeadLetters(self.consumer, nats)
        self._sweeper = Periodic(f"{self.name}-sweeper", _SWEEP_INTERVAL_S, self._sweep)
        self._puller = Puller(nats, stream, self.consumer, sorted(self._handlers))

    async def run(self) -> None:
        """Handles what arrives until stopped; the workers finish what they were given."""
        queues: list[asyncio.Queue[Msg | None]] = [
            asyncio.Queue(maxsize=16) for _ in range(self._concurrency)
        ]
        async with asyncio.TaskGroup() as group:
            for queue in queues:
                group.create_task(self._work(queue))
            try:
                async for messages in self._puller.messages(self._stopping):
                    for message in await self._handle_together(messages):
                        entity = _entity_of(message)
                        self._alone[entity] += 1
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

    async def _handle_together(self, messages: Sequence[Msg]) -> Sequence[Msg]:
        """Handles what it can in one transaction; returns what has to be handled alone, in its order."""
        together = self._fit_for_company(messages)
        if not together:
            return messages
        try:
            async with asyncio.timeout(_TOGETHER_LIMIT_S):
                fresh = await self._apply([event for _, event in together], self._traced(together))
        except Exception as error:  # noqa: BLE001 - whatever it is, handled alone an event takes no other with it
            log.info(
                "handling events one by one",
                consumer=self.consumer,
                events=len(together),
                error=type(error).__name__,
            )
            return messages
        for message, event in together:
            outcome = "processed" if _key(event) in fresh else "duplicate"
            fresh.discard(_key(event))
            await self._acknowledge(message)
            INBOX_EVENTS.labels(self.consumer, message.subject, outcome).inc()
        handled = {id(message) for message, _ in together}
        return [message for message in messages if id(message) not in handled]

    def _fit_for_company(self, messages: Sequence[Msg]) -> list[tuple[Msg, Event]]:
        """Those that come for the first time, are well formed, and have no event of their entity to wait for."""
        fit, waiting = [], set(self._alone)
        for message in messages:
            entity = _entity_of(message)
            event = None if entity in waiting or _deliveries(message) > 1 else self._decoded(message)
            if event is None:
                waiting.add(entity)
            else:
                fit.append((message, event))
        return fit

    def _decoded(self, message: Msg) -> Event | None:
        try:
            return self._decode(message)
        except (ValueError, DecodeError):  # dead-lettered with the reason when it is handled alone
            return None

    def _decode(self, message: Msg) -> Event:
        message_type, _ = self._handlers[message.subject]
        event = decode(message.subject, message.headers, message.data, message_type, _deliveries(message))
        _key(event)
        return event

    async def _acknowledge(self, message: Msg) -> None:
        try:
            await message.ack()
        except Exception as error:  # the broker delivers it again in 30 s, as a duplicate
            log.error("event not acknowledged", consumer=self.consumer, exc_info=error)

    async def _work(self, queue: asyncio.Queue[Msg | None]) -> None:
        while (message := await queue.get()) is not None:
            try:
                await self._receive(message)
            except Exception as error:  # unanswered, the broker delivers it again in 30 s
                log.error("event left unanswered", consumer=self.consumer, exc_info=error)
            finally:
                self._alone -= Counter({_entity_of(message): 1})  # an entity without any left is forgotten

    async def _receive(self, message: Msg) -> None:
        traceparent = (message.headers or {}).get(wire.TRACEPARENT_KEY)
        with tracing.consumer_span(message.subject, traceparent) as span:
            span.set_attribute("messaging.consumer.name", self.consumer)
            outcome = await self._outcome(message)
            span.set_attribute("banyan.outcome", outcome)
            INBOX_EVENTS.labels(self.consumer, message.subject, outcome).inc()

    async def _outcome(self, message: Msg) -> str:
        deliveries = _deliveries(message)
        if deliveries > _MAX_UNANSWERED:
            return await self._bury(message, f"{deliveries} deliveries without an outcome: the process died?")
        try:
            event = self._decode(message)
        except (ValueError, DecodeError) as error:
            return await self._bury(message, f"malformed: {error}")
        try:
            fresh = await self._apply_when_possible(message, event)
        except Exception as error:  # noqa: BLE001 - a handler may fail in any way; the event is kept
            return await self._retry(message, event, error)
        await message.ack()
        return "processed" if fresh else "duplicate"

    async def _apply_when_possible(self, message: Msg, event: Event) -> bool:
        """Whether it was applied now; holds it back while the database is away, without using up its deliveries."""
        while True:
            try:
                async with asyncio.timeout(_HANDLE_LIMIT_S):
                    return bool(await self._apply([event], self._handle))
            except DatabaseUnavailable:
                if self.stopping:
                    raise
                await message.in_progress()
                await self.pause(_DATABASE_RETRY_S)

    async def _apply(self, events: Sequence[Event], handle: Handler) -> set[uuid.UUID]:
        """Runs the handlers in the transaction of the inbox rows; the ids of events without an effect before."""
        async with self._database.transaction() as connection:
            rows = await connection.fetch(_INSERT, self.consumer, [_key(event) for event in events])
            fresh = {row["event_id"] for row in rows}
            due = set(fresh)
            for event in events:
                if _key(event) in due:
                    due.discard(_key(event))
                    await handle(event, connection)
        return fresh

    async def _handle(self, event: Event, connection: Connection) -> None:
        await self._handlers[event.subject][1](event, connection)

    def _traced(self, together: Sequence[tuple[Msg, Event]]) -> Handler:
        """Has each handler run in its producer's trace."""
        parents = {event.id: (message.headers or {}).get(wire.TRACEPARENT_KEY) for message, event in together}

        async def handle(event: Event, connection: Connection) -> None:
            with tracing.consumer_span(event.subject, parents[event.id]) as span:
                span.set_attribute("messaging.consumer.name", self.consumer)
                await self._handle(event, connection)

        return handle

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


def _entity_of(message: Msg) -> str:
    return str((message.headers or {}).get("ce-subject") or message.subject)


def _deliveries(message: Msg) -> int:
    return message.metadata.num_delivered or 1


def _key(event: Event) -> uuid.UUID:
    """The id as the inbox knows it. Raises ValueError when it is none."""
    return uuid.UUID(event.id)
