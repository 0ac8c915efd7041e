"""Messages of a durable JetStream pull consumer, as they come, across restarts of the broker."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Final

import orjson
from nats.aio.client import Client
from nats.aio.msg import Msg
from nats.js.api import AckPolicy, ConsumerConfig, DeliverPolicy
from nats.js.errors import NotFoundError

from meshkit.logging import get_logger
from meshkit.nats import Nats

_ACK_WAIT_S: Final = 30.0
_MAX_ACK_PENDING: Final = 256
_BATCH: Final = 64
_EXPIRES_S: Final = 2.0
_STREAM_WAIT_S: Final = (0.2, 0.5, 1.0, 2.0)
# Statuses that end one pull request and call for the next: no messages, time over, batch done or interrupted.
_ORDINARY: Final = frozenset({"404", "408", "409"})
log = get_logger()


class Puller:
    """Creates or updates the consumer and keeps a pull request open."""

    def __init__(self, broker: Nats, stream: str, consumer: str, subjects: list[str]) -> None:
        self._nats = broker
        self._stream = stream
        self._consumer = consumer
        self._arrived: asyncio.Queue[Msg | None] = asyncio.Queue()
        self._config = ConsumerConfig(
            durable_name=consumer,
            deliver_policy=DeliverPolicy.ALL,
            ack_policy=AckPolicy.EXPLICIT,
            ack_wait=_ACK_WAIT_S,
            max_ack_pending=_MAX_ACK_PENDING,
            filter_subjects=subjects,
        )

    def wake(self) -> None:
        """Ends the waiting for messages, for `stopping` to be seen."""
        self._arrived.put_nowait(None)

    async def messages(self, stopping: asyncio.Event) -> AsyncIterator[list[Msg]]:
        """Yields what has arrived, at most 64 messages, until `stopping` is set; every failure is logged and tried again."""
        failures = 0
        while not stopping.is_set():
            try:
                async for arrived in self._session(stopping):
                    failures = 0
                    yield arrived
            except Exception as error:  # noqa: BLE001 - retried for ever, at a bounded rate
                missing = isinstance(error, NotFoundError)
                log.info(
                    "stream is not there yet" if missing else "consumer interrupted",
                    consumer=self._consumer,
                    stream=self._stream,
                    error=type(error).__name__,
                )
                await _wait(stopping, _STREAM_WAIT_S[min(failures, len(_STREAM_WAIT_S) - 1)])
                failures += 1

    async def _session(self, stopping: asyncio.Event) -> AsyncIterator[list[Msg]]:
        while not self._nats.connected:
            await _wait(stopping, 0.1)
            if stopping.is_set():
                return
        await self._nats.jetstream.add_consumer(self._stream, self._config)
        client, self._arrived = self._nats.client, asyncio.Queue()
        inbox = client.new_inbox()
        subscription = await client.subscribe(inbox, cb=self._arrived.put)
        try:
            async for arrived in self._pull(client, inbox, stopping):
                yield arrived
        finally:
            if not client.is_closed:
                await subscription.unsubscribe()

    async def _pull(self, client: Client, inbox: str, stopping: asyncio.Event) -> AsyncIterator[list[Msg]]:
        ask = f"$JS.API.CONSUMER.MSG.NEXT.{self._stream}.{self._consumer}"
        body = orjson.dumps({"batch": _BATCH, "expires": int(_EXPIRES_S * 1e9)})
        while not stopping.is_set():
            await client.publish(ask, body, reply=inbox)
            outstanding, ended = _BATCH, False
            while outstanding > 0 and not ended:
                try:
                    arrived = await self._next()
                except TimeoutError:  # the request was lost with a connection: ask again
                    break
                told = [message for message in arrived if message is not None]
                messages = [message for message in told if not _status(message)]
                outstanding -= len(messages)
                if messages:
                    yield messages
                if None in arrived:
                    return
                for message in told:
                    ended |= _ends(_status(message), (message.headers or {}).get("Description", ""))

    async def _next(self) -> list[Msg | None]:
        """What is there, once there is anything. Raises TimeoutError when nothing comes for longer than a request lasts."""
        async with asyncio.timeout(_EXPIRES_S + 0.5):
            arrived = [await self._arrived.get()]
        while len(arrived) < _BATCH and not self._arrived.empty():
            arrived.append(self._arrived.get_nowait())
        return arrived


def _status(message: Msg) -> str:
    """Of a word from the server; "" for an event."""
    return (message.headers or {}).get("Status", "")


def _ends(status: str, description: str) -> bool:
    """Whether a status ends the pull request. Raises NotFoundError when the consumer itself is gone."""
    if status == "503" or "Consumer Deleted" in description:
        raise NotFoundError(code=404, description=description or "no such consumer")
    return status in _ORDINARY


async def _wait(stopping: asyncio.Event, seconds: float) -> None:
    try:
        async with asyncio.timeout(seconds):
            await stopping.wait()
    except TimeoutError:
        return
