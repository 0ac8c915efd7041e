"""What the broker has: consumers and how far they are, dead letters, and which events lie in a stream."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Final

from nats.errors import Error
from nats.errors import TimeoutError as NatsTimeoutError
from nats.js import JetStreamContext
from nats.js.api import AckPolicy, ConsumerConfig, ConsumerInfo, DeliverPolicy
from nats.js.errors import NotFoundError

from local.audit.errors import CouldNotCheckError
from local.events import broker
from local.events.messages import CONSUMER, DLQ_STREAM, REASON, Stored

MAX_LETTERS: Final = 10_000
FETCH: Final = 500
FETCH_S: Final = 5.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Consumer:
    """A durable consumer. All up to `passed` in its stream is acknowledged; what waits is not older than `behind_since`."""

    name: str
    stream: str
    waiting: int
    unacknowledged: int
    passed: int
    behind_since: datetime | None


@dataclass(frozen=True, slots=True)
class Letter:
    """A dead letter."""

    sequence: int
    event_id: str
    consumer: str
    subject: str
    reason: str


@dataclass(slots=True)
class Contents:
    """Event id → its places in one stream; events published before `kept_since` may be gone."""

    sequences: dict[str, tuple[int, ...]] = field(default_factory=dict)
    kept_since: datetime = datetime(1970, 1, 1, tzinfo=UTC)


async def streams(connection: JetStreamContext) -> frozenset[str]:
    """The streams of all producers."""
    return frozenset(await broker.streams(connection))


async def consumers(connection: JetStreamContext) -> list[Consumer]:
    """All durable consumers of all streams."""
    found = []
    for stream in await broker.streams(connection):
        for info in await _infos(connection, stream):
            if info.config.durable_name:
                found.append(await _consumer(connection, stream, info))
    return found


async def _infos(connection: JetStreamContext, stream: str) -> list[ConsumerInfo]:
    found: list[ConsumerInfo] = []
    while page := await connection.consumers_info(stream, offset=len(found)):
        found.extend(page)
    return found


async def _consumer(connection: JetStreamContext, stream: str, info: ConsumerInfo) -> Consumer:
    waiting, unacknowledged = info.num_pending or 0, info.num_ack_pending or 0
    return Consumer(
        name=info.name,
        stream=stream,
        waiting=waiting,
        unacknowledged=unacknowledged,
        passed=info.ack_floor.stream_seq if info.ack_floor else 0,
        behind_since=await _behind_since(connection, stream, info) if waiting or unacknowledged else None,
    )


async def _behind_since(connection: JetStreamContext, stream: str, info: ConsumerInfo) -> datetime | None:
    """When the first message that the consumer has not acknowledged came; None when there is none any more."""
    passed = info.ack_floor.stream_seq if info.ack_floor else 0
    subjects = info.config.filter_subjects or [info.config.filter_subject or ">"]
    times = [await _next_time(connection, stream, passed, subject) for subject in subjects]
    return min((time for time in times if time is not None), default=None)


async def _next_time(connection: JetStreamContext, stream: str, passed: int, subject: str) -> datetime | None:
    try:
        message = await connection.get_msg(stream, seq=passed + 1, subject=subject, next=True)
    except NotFoundError:
        return None
    return message.time


async def letters(connection: JetStreamContext) -> list[Letter]:
    """The dead letters, oldest first, at most the newest 10,000."""
    return [_letter(each) for each in await broker.last(connection, DLQ_STREAM, MAX_LETTERS)]


def _letter(stored: Stored) -> Letter:
    headers = stored.headers
    return Letter(
        sequence=stored.sequence,
        event_id=headers.get("ce-id", ""),
        consumer=headers.get(CONSUMER, ""),
        subject=stored.subject,
        reason=headers.get(REASON, ""),
    )


async def contents(connection: JetStreamContext, stream: str, now: datetime) -> Contents:
    """Which events lie in a stream now; by headers only, through a consumer that ends by itself."""
    found = Contents()
    try:
        info = await connection.stream_info(stream)
    except NotFoundError:
        return found
    if info.config.max_age:
        found.kept_since = now - timedelta(seconds=info.config.max_age) + timedelta(minutes=1)
    last = info.state.last_seq if info.state.messages else 0
    if not last:
        found.kept_since = now if info.state.last_seq else found.kept_since
        return found
    config = ConsumerConfig(
        deliver_policy=DeliverPolicy.ALL,
        ack_policy=AckPolicy.NONE,
        headers_only=True,
        inactive_threshold=30,
        mem_storage=True,
    )
    subscription = await connection.pull_subscribe(">", stream=stream, config=config)
    places: dict[str, list[int]] = defaultdict(list)
    left = 1
    try:
        while left:
            for message in await subscription.fetch(FETCH, timeout=FETCH_S):
                place = message.metadata
                if not places and place.sequence.stream > 1:
                    found.kept_since = max(found.kept_since, place.timestamp)
                event = (message.headers or {}).get("ce-id", f"no id at {place.sequence.stream}")
                places[event].append(place.sequence.stream)
                left = 0 if place.sequence.stream >= last else place.num_pending
    except (NatsTimeoutError, Error) as error:
        raise CouldNotCheckError(f"the stream {stream} could not be read to its end") from error
    finally:
        await subscription.unsubscribe()
    found.sequences = {event: tuple(each) for event, each in places.items()}
    return found
