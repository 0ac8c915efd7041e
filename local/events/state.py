"""How the broker stands: consumers and how far they are, and which events lie in a stream."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Final

from nats.errors import Error
from nats.js import JetStreamContext
from nats.js.api import AckPolicy, ConsumerConfig, ConsumerInfo, DeliverPolicy, StreamInfo
from nats.js.errors import NotFoundError

from local.errors import LocalError
from local.events import broker

Connection = JetStreamContext
"""What `broker.connected` gives, for those who only hand it on."""
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


@dataclass(slots=True)
class Contents:
    """Event id → its places in one stream; events published before `kept_since` may be gone."""

    sequences: dict[str, tuple[int, ...]] = field(default_factory=dict)
    kept_since: datetime = datetime(1970, 1, 1, tzinfo=UTC)


async def streams(connection: Connection) -> frozenset[str]:
    """The streams of all producers; LocalError when the broker does not answer."""
    with telling("streams"):
        return frozenset(await broker.streams(connection))


async def consumers(connection: Connection) -> list[Consumer]:
    """All durable consumers of all streams; LocalError when the broker does not answer."""
    found = []
    with telling("consumers"):
        for stream in await broker.streams(connection):
            for info in await _infos(connection, stream):
                if info.config.durable_name:
                    found.append(await _consumer(connection, stream, info))
    return found


async def _infos(connection: Connection, stream: str) -> list[ConsumerInfo]:
    found: list[ConsumerInfo] = []
    while page := await connection.consumers_info(stream, offset=len(found)):
        found.extend(page)
    return found


async def _consumer(connection: Connection, stream: str, info: ConsumerInfo) -> Consumer:
    waiting, unacknowledged = info.num_pending or 0, info.num_ack_pending or 0
    return Consumer(
        name=info.name,
        stream=stream,
        waiting=waiting,
        unacknowledged=unacknowledged,
        passed=info.ack_floor.stream_seq if info.ack_floor else 0,
        behind_since=await _behind_since(connection, stream, info) if waiting or unacknowledged else None,
    )


async def _behind_since(connection: Connection, stream: str, info: ConsumerInfo) -> datetime | None:
    """When the first message that the consumer has not acknowledged came; None when there is none any more."""
    passed = info.ack_floor.stream_seq if info.ack_floor else 0
    subjects = info.config.filter_subjects or [info.config.filter_subject or ">"]
    times = [await _next_time(connection, stream, passed, subject) for subject in subjects]
    return min((time for time in times if time is not None), default=None)


async def _next_time(connection: Connection, stream: str, passed: int, subject: str) -> datetime | None:
    try:
        message = await connection.get_msg(stream, seq=passed + 1, subject=subject, next=True)
    except NotFoundError:
        return None
    return message.time


async def contents(connection: Connection, stream: str, now: datetime) -> Contents:
    """Which events lie in a stream now: by headers only, through a consumer that ends by itself.

    Raises LocalError when the stream can't be read to its end; a stream that is not there is empty.
    """
    with telling(f"stream {stream}"):
        try:
            info = await connection.stream_info(stream)
        except NotFoundError:
            return Contents()
        found = Contents(kept_since=_kept_since(info, now))
        if info.state.messages:
            await _read(connection, stream, info.state.last_seq, found)
        return found


def _kept_since(info: StreamInfo, now: datetime) -> datetime:
    if not info.state.messages and info.state.last_seq:
        return now
    if info.config.max_age:
        return now - timedelta(seconds=info.config.max_age) + timedelta(minutes=1)
    return Contents().kept_since


async def _read(connection: Connection, stream: str, last: int, found: Contents) -> None:
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
    finally:
        await subscription.unsubscribe()
    found.sequences = {event: tuple(each) for event, each in places.items()}


@contextmanager
def telling(what: str) -> Iterator[None]:
    """Says in one sentence what could not be read; time-outs of the client are TimeoutErrors or Errors."""
    try:
        yield
    except (Error, TimeoutError, OSError) as error:
        raise LocalError(
            f"the broker's {what} can't be read: {str(error) or type(error).__name__}"
        ) from error
