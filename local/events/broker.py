"""Reading and re-sending stored events."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

import nats
from nats.aio.client import Client
from nats.errors import Error, NoServersError
from nats.js import JetStreamContext
from nats.js.api import AckPolicy, ConsumerConfig, DeliverPolicy
from nats.js.errors import NotFoundError

from local.errors import LocalError
from local.events.messages import DLQ_STREAM, Stored

WAIT_S = 0.5
KEPT_HEADERS = ("ce-", "content-type", "traceparent")


@asynccontextmanager
async def connected(url: str) -> AsyncIterator[JetStreamContext]:
    """A connection to the broker for the time of the block."""
    try:
        client: Client = await nats.connect(
            url, connect_timeout=2, max_reconnect_attempts=1, error_cb=_raised_anyway
        )
    except (NoServersError, OSError, Error) as error:
        raise LocalError("the broker does not answer: is the mesh up? see `./banyan status`") from error
    try:
        yield client.jetstream()
    finally:
        await client.close()


async def _raised_anyway(_: Exception) -> None:
    """Keeps the library from logging a traceback beside the error that the caller gets."""


async def streams(broker: JetStreamContext) -> list[str]:
    """The names of all streams but the dead letters'."""
    infos = await broker.streams_info()
    return sorted(str(info.config.name) for info in infos if info.config.name != DLQ_STREAM)


async def last(broker: JetStreamContext, stream: str, count: int, subject: str = "") -> list[Stored]:
    """The newest `count` messages of a stream, oldest first, of one subject (wildcards allowed) or all."""
    try:
        state = (await broker.stream_info(stream)).state
    except NotFoundError:
        return []
    found: list[Stored] = []
    for sequence in range(state.last_seq, max(state.first_seq, 1) - 1, -1):
        if len(found) >= count:
            break
        try:
            stored = Stored.of(stream, await broker.get_msg(stream, seq=sequence))
        except NotFoundError:
            continue
        if matches(stored.subject, subject):
            found.append(stored)
    return found[::-1]


async def follow(broker: JetStreamContext, stream: str, subject: str = "") -> AsyncIterator[Stored]:
    """Each new message of a stream, for ever."""
    config = ConsumerConfig(
        deliver_policy=DeliverPolicy.NEW, ack_policy=AckPolicy.NONE, inactive_threshold=30
    )
    subscription = await broker.pull_subscribe(subject or ">", stream=stream, config=config)
    while True:
        try:
            messages = await subscription.fetch(100, timeout=WAIT_S)
        except TimeoutError:  # the client raises its own kind, or the plain one when nothing came at all
            continue
        for message in messages:
            headers = dict(message.headers or {})
            stored = Stored(stream, message.metadata.sequence.stream, message.subject, headers, message.data)
            if matches(stored.subject, subject):
                yield stored


async def replay(broker: JetStreamContext, letters: Sequence[Stored]) -> None:
    """Publishes dead letters again on their own subjects, each deleted once the broker has it.

    The event keeps its id, so that consumers that have had its effect see a duplicate and do nothing; the broker's own
    key is another one, so that it does not take it for the first.
    """
    for letter in letters:
        headers = {
            name: value for name, value in letter.headers.items() if name.lower().startswith(KEPT_HEADERS)
        }
        headers["Nats-Msg-Id"] = f"{letter.headers.get('ce-id', '')}.replay.{letter.sequence}"
        await broker.publish(letter.subject, letter.data, headers=headers, timeout=5)
        await broker.delete_msg(DLQ_STREAM, letter.sequence)


def matches(subject: str, pattern: str) -> bool:
    """Whether a NATS pattern (`*` one word, `>` the rest) takes the subject; an empty one takes all."""
    if not pattern:
        return True
    words, wanted = subject.split("."), pattern.split(".")
    for index, want in enumerate(wanted):
        if want == ">":
            return len(words) > index
        if index >= len(words) or want not in {"*", words[index]}:
            return False
    return len(words) == len(wanted)
