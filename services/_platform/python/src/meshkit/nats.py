"""The connection to NATS JetStream, sought in the background for ever: a service starts without it."""

from __future__ import annotations

import asyncio
from typing import Any, Final

import nats
from nats.aio.client import Client
from nats.js import JetStreamContext
from nats.js.api import RetentionPolicy, StorageType, StreamConfig
from nats.js.errors import BadRequestError, NotFoundError

from meshkit.errors import PlatformError
from meshkit.lifecycle import Background
from meshkit.logging import get_logger

_RETRY_S: Final = 0.5
_STREAM_MAX_AGE_S: Final = 30 * 24 * 3600
_DUPLICATE_WINDOW_S: Final = 120
log = get_logger()


class BrokerUnavailable(PlatformError):
    """There is no connection to the broker now; it is being sought."""

    def __init__(self) -> None:
        super().__init__("unavailable", "BROKER_UNAVAILABLE", "no connection to the message broker")


class Nats(Background):
    """One connection of the process; reconnects without limit."""

    def __init__(self, url: str, name: str) -> None:
        super().__init__("nats")
        self._url = url
        self._client_name = name
        self._client: Client | None = None
        self._jetstream: JetStreamContext | None = None
        self._connected = asyncio.Event()

    @property
    def connected(self) -> bool:
        """Whether there is a connection now."""
        return self._client is not None and self._client.is_connected

    @property
    def jetstream(self) -> JetStreamContext:
        """The JetStream context; raises BrokerUnavailable before the first connection was made."""
        if self._jetstream is None:
            raise BrokerUnavailable
        return self._jetstream

    @property
    def client(self) -> Client:
        """The connection itself; raises BrokerUnavailable before it was made."""
        if self._client is None:
            raise BrokerUnavailable
        return self._client

    async def run(self) -> None:
        """Connects, trying for ever; from then on the client library keeps the connection."""
        while not self.stopping and self._client is None:
            try:
                self._client = await self._connect()
                self._jetstream = self._client.jetstream(timeout=5)
                self._connected.set()
                log.info("connected to the broker")
            except Exception as error:  # noqa: BLE001 - whatever it was, only another try can help
                log.warning("no broker yet", error=type(error).__name__)
                await self.pause(_RETRY_S)
        await self._stopping.wait()

    async def _connect(self) -> Client:
        return await nats.connect(
            self._url,
            name=self._client_name,
            connect_timeout=2,
            reconnect_time_wait=_RETRY_S,
            max_reconnect_attempts=-1,
            allow_reconnect=True,
            error_cb=_log_error,
            disconnected_cb=self._on_disconnect,
            reconnected_cb=self._on_reconnect,
            ping_interval=10,
            max_outstanding_pings=2,
            drain_timeout=5,
        )

    async def stop(self, grace_s: float) -> None:
        """Flushes and closes the connection within `grace_s` seconds."""
        self._stopping.set()
        if self._client is None and self._task is not None:
            self._task.cancel()  # it may be deep in an attempt to connect
        await super().stop(grace_s)
        client, self._client, self._jetstream = self._client, None, None
        self._connected.clear()
        if client is None:
            return
        try:
            async with asyncio.timeout(max(grace_s, 0.1)):
                await client.close()
        except TimeoutError:
            log.warning("the broker connection did not close in time")

    async def wait_connected(self) -> None:
        """Returns when there is a connection; callers put their own limit around it."""
        await self._connected.wait()

    async def ping(self) -> None:
        """Raises BrokerUnavailable without a connection; a readiness check for whoever needs the broker."""
        if not self.connected:
            raise BrokerUnavailable

    async def ensure_stream(self, name: str, subjects: list[str]) -> None:
        """Makes the stream unless it is there; one that exists is left as its operator set it."""
        config = StreamConfig(
            name=name,
            subjects=subjects,
            retention=RetentionPolicy.LIMITS,
            storage=StorageType.FILE,
            max_age=_STREAM_MAX_AGE_S,
            duplicate_window=_DUPLICATE_WINDOW_S,
            num_replicas=1,
        )
        try:
            await self.jetstream.stream_info(name)
        except NotFoundError:
            try:
                await self.jetstream.add_stream(config)
            except BadRequestError:  # another replica was first, or the name is taken with other settings
                await self.jetstream.stream_info(name)

    async def _on_disconnect(self) -> None:
        if not self.stopping:
            self._connected.clear()
            log.warning("lost the broker")

    async def _on_reconnect(self) -> None:
        self._connected.set()
        log.info("found the broker again")


async def _log_error(error: Exception) -> None:
    log.debug("broker connection", error=type(error).__name__, detail=str(error))


def header(headers: dict[str, Any] | None, name: str) -> str:
    """A message header's value, "" when absent."""
    return str((headers or {}).get(name, ""))
