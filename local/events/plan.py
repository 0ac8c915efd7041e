"""What a rebuild of a consumer would deliver again."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from nats.js import JetStreamContext
from nats.js.api import ConsumerInfo
from nats.js.errors import NotFoundError

from local.errors import LocalError
from local.events.consumers import Consumer
from local.events.reading import Part, part, sequence_at

_CATCHING_UP: Final = timedelta(hours=1)
"""An event must be remembered so much longer than from now, for it to be remembered when it is its turn."""


@dataclass(frozen=True, slots=True)
class Start:
    """Where to begin: at a sequence, at a time, or with neither at the beginning."""

    sequence: int | None = None
    time: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What the consumer would get from sequence `start` on; `waiting` of it has not been acknowledged anyway.

    `shortened` says that the consumer's memory is shorter than the stream, and the start was moved to fit it.
    """

    consumer: Consumer
    start: int
    parts: tuple[Part, ...]
    waiting: int
    shortened: bool

    @property
    def count(self) -> int:
        """Events of all subjects."""
        return sum(each.count for each in self.parts)

    @property
    def last_sequence(self) -> int:
        """The place of the last one, 0 when there is none."""
        return max((each.last_sequence for each in self.parts), default=0)


async def made(connection: JetStreamContext, consumer: Consumer, start: Start, now: datetime) -> Plan:
    """The plan. It never skips an event: a start that the consumer has not come to is moved back to where it stands.

    Raises LocalError when the broker has no such consumer, or when it has forgotten events that it would get.
    """
    info = await _info(connection, consumer)
    stream = (await connection.stream_info(consumer.stream)).state
    begin, shortened = max(await _sequence(connection, consumer, start) or 1, stream.first_seq), False
    if consumer.memory is not None:
        known = await sequence_at(connection, consumer.stream, now - consumer.memory + _CATCHING_UP)
        if begin < known and start != Start():
            raise LocalError(
                f"{consumer.name} remembers for {consumer.memory.days} days what it has applied: an older event would have"
                f" its effect twice. Begin at --from-sequence {known} or later"
            )
        begin, shortened = max(begin, known), begin < known
    begin = min(begin, (info.ack_floor.stream_seq if info.ack_floor else 0) + 1)
    found = [
        await part(connection, consumer.stream, subject, begin) for subject in sorted(consumer.reactions)
    ]
    return Plan(
        consumer=consumer,
        start=begin,
        parts=tuple(each for each in found if each is not None),
        waiting=unacknowledged(info),
        shortened=shortened,
    )


def unacknowledged(info: ConsumerInfo) -> int:
    """How many events the consumer has still to handle, those in its hands included."""
    return (info.num_pending or 0) + (info.num_ack_pending or 0)


async def _sequence(connection: JetStreamContext, consumer: Consumer, start: Start) -> int | None:
    if start.time is not None:
        return await sequence_at(connection, consumer.stream, start.time)
    return start.sequence


async def _info(connection: JetStreamContext, consumer: Consumer) -> ConsumerInfo:
    try:
        info: ConsumerInfo = await connection.consumer_info(consumer.stream, consumer.name)
    except NotFoundError:
        raise LocalError(
            f"the broker has no consumer {consumer.name} yet: {consumer.service} makes it when it first runs"
        ) from None
    return info
