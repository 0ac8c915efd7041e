"""Events written in the transaction of the state they tell of; `OutboxRelay` publishes them afterwards."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import orjson
from google.protobuf.message import Message

from meshkit import wire
from meshkit.clock import Clock, uuid7
from meshkit.postgres import Connection, note_events
from meshkit.relay import OutboxRelay
from meshkit.tracecontext import current_trace

# How many parameters the events of a statement take.
EVENT_VALUES: Final = 7


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
    values = event_values(conn, events, clock=clock)
    await conn.execute(_INSERT, *values)
    return [str(event_id) for event_id in values[0]]


def insert_events(first: int, only_with: str | None = None) -> str:
    """The writing of events as a clause of a larger statement, so that state and event are one round trip.

    It takes the `event_values` as parameters from `$first` on; `only_with` names a query of the statement that has one
    row when they are to be written, and none else.
    """
    given = f"{only_with}, " if only_with else ""
    ids, subjects, types, entities, data, headers, now = (
        f"${first + number}" for number in range(EVENT_VALUES)
    )
    return f"""
    INSERT INTO outbox (id, subject, type, entity_id, data, headers, created_at)
    SELECT event.id, event.subject, event.type, event.entity_id, event.data, event.headers, coalesce({now}, now())
      FROM {given}unnest({ids}::uuid[], {subjects}::text[], {types}::text[], {entities}::text[], {data}::bytea[],
                  {headers}::jsonb[]) WITH ORDINALITY
           AS event (id, subject, type, entity_id, data, headers, ordinal)
     ORDER BY ordinal
    """  # noqa: S608 - numbers, and a name from the code


def event_values(conn: Connection, events: Sequence[NewEvent], *, clock: Clock | None = None) -> list[Any]:
    """The parameters of `insert_events`, to be run on `conn`, whose commit then wakes the relay."""
    trace = current_trace()
    headers = orjson.dumps({wire.TRACEPARENT_KEY: trace.traceparent} if trace else {}).decode()
    if events:
        note_events(conn)
    return [
        [uuid.UUID(uuid7()) for _ in events],
        [event.subject for event in events],
        [event.message.DESCRIPTOR.full_name for event in events],
        [event.entity_id for event in events],
        [event.message.SerializeToString() for event in events],
        [headers] * len(events),
        clock.now() if clock else None,
    ]


_INSERT: Final = insert_events(1)

__all__ = [
    "EVENT_VALUES",
    "NewEvent",
    "OutboxRelay",
    "add_event",
    "add_events",
    "event_values",
    "insert_events",
]
