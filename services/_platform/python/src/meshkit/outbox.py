"""Events written in the transaction of the state they tell of; `OutboxRelay` publishes them afterwards."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import orjson
from google.protobuf.message import Message

from meshkit import wire
from meshkit.clock import Clock, uuid7
from meshkit.postgres import Connection
from meshkit.relay import CHANNEL, OutboxRelay
from meshkit.tracecontext import current_trace

# The notification is sent when the transaction commits, and wakes the relay at once.
_INSERT: Final = f"""
    WITH added AS (
        INSERT INTO outbox (id, subject, type, entity_id, data, headers, created_at)
        SELECT id, subject, type, entity_id, data, headers, coalesce($7, now())
        FROM unnest($1::uuid[], $2::text[], $3::text[], $4::text[], $5::bytea[], $6::jsonb[])
             WITH ORDINALITY AS given (id, subject, type, entity_id, data, headers, ordinal)
        ORDER BY ordinal
    )
    SELECT pg_notify('{CHANNEL}', '')
"""  # noqa: S608 - the channel is a constant


@dataclass(frozen=True, slots=True)
class NewEvent:
    """An event to be published: `subject` names it (`billing.invoice_paid`), `entity_id` whom it is about."""

    message: Message
    subject: str
    entity_id: str


async def add_event(
    conn: Connection, event: Message, *, subject: str, entity_id: str, clock: Clock | None = None
) -> str:
    """Adds one event inside the open transaction of `conn`; returns its id (UUIDv7)."""
    return (await add_events(conn, [NewEvent(event, subject, entity_id)], clock=clock))[0]


async def add_events(
    conn: Connection, events: Sequence[NewEvent], *, clock: Clock | None = None
) -> list[str]:
    """Adds several events in one round trip, to be published in the given order; returns their ids."""
    if not events:
        return []
    trace = current_trace()
    headers = orjson.dumps({wire.TRACEPARENT_KEY: trace.traceparent} if trace else {}).decode()
    ids = [uuid7() for _ in events]
    await conn.execute(
        _INSERT,
        [uuid.UUID(event_id) for event_id in ids],
        [event.subject for event in events],
        [event.message.DESCRIPTOR.full_name for event in events],
        [event.entity_id for event in events],
        [event.message.SerializeToString() for event in events],
        [headers] * len(events),
        clock.now() if clock else None,
    )
    return ids


__all__ = ["NewEvent", "OutboxRelay", "add_event", "add_events"]
