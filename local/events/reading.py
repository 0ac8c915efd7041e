"""Asks the broker about a part of a stream: how many events, since when, and which."""

from __future__ import annotations

import uuid
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from nats.js import JetStreamContext
from nats.js.api import AckPolicy, ConsumerConfig, ConsumerInfo, DeliverPolicy
from nats.js.errors import NotFoundError

from local.errors import LocalError

_BATCH: Final = 500
_FETCH_S: Final = 5.0


@dataclass(frozen=True, slots=True)
class Part:
    """The events of one subject from a place in the stream on: how many, the times of the first and the last one."""

    subject: str
    count: int
    first: datetime
    last: datetime
    last_sequence: int


async def sequence_at(connection: JetStreamContext, stream: str, time: datetime) -> int:
    """The sequence of the first message that came at that time or later; one after the last when there is none."""
    wanted = {"deliver_policy": DeliverPolicy.BY_START_TIME, "opt_start_time": time}
    async with _passing(connection, stream, **wanted) as info:
        return int(info.delivered.stream_seq) + 1 if info.delivered else 1


async def part(connection: JetStreamContext, stream: str, subject: str, start: int) -> Part | None:
    """What the stream has of a subject from sequence `start` on; None when nothing."""
    wanted = _from(start) | {"filter_subjects": [subject]}
    async with _passing(connection, stream, **wanted) as info:
        count = info.num_pending or 0
    if not count:
        return None
    try:
        first = await connection.get_msg(stream, seq=start, subject=subject, next=True)
        last = await connection.get_last_msg(stream, subject)
    except NotFoundError:  # it became too old just now
        return None
    if first.time is None or last.time is None or last.seq is None:
        raise LocalError(f"the broker tells no time of the events {subject}")
    return Part(subject, count, first.time, last.time, last.seq)


async def event_ids(
    connection: JetStreamContext, stream: str, subjects: Sequence[str], start: int
) -> AsyncIterator[list[uuid.UUID]]:
    """The ids of the events of some subjects from `start` on, in lots of at most 500. What has no proper id is left out."""
    config = ConsumerConfig(
        ack_policy=AckPolicy.NONE,
        headers_only=True,
        mem_storage=True,
        inactive_threshold=30,
        filter_subjects=list(subjects),
        **_from(start),
    )
    subscription = await connection.pull_subscribe(">", stream=stream, config=config)
    left = (await subscription.consumer_info()).num_pending or 0
    try:
        while left:
            messages = await subscription.fetch(_BATCH, timeout=_FETCH_S)
            yield [known for message in messages if (known := _id((message.headers or {}).get("ce-id", "")))]
            left = messages[-1].metadata.num_pending or 0
    finally:
        await subscription.unsubscribe()


def _id(text: str) -> uuid.UUID | None:
    try:
        return uuid.UUID(text)
    except ValueError:
        return None


def _from(start: int) -> dict[str, Any]:
    return {"deliver_policy": DeliverPolicy.BY_START_SEQUENCE, "opt_start_seq": max(start, 1)}


@asynccontextmanager
async def _passing(connection: JetStreamContext, stream: str, **config: Any) -> AsyncIterator[ConsumerInfo]:
    """A consumer that nobody reads from: the broker counts for it what it would get."""
    info = await connection.add_consumer(
        stream,
        ConsumerConfig(ack_policy=AckPolicy.NONE, mem_storage=True, inactive_threshold=30, **config),
    )
    try:
        yield info
    finally:
        await connection.delete_consumer(stream, info.name)
