"""Calls to one upstream: deadline, identity and trace go along; refusals come back as `RemoteError`."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Generic, Protocol, TypeVar

import grpc
import grpc.aio
from google.protobuf.message import DecodeError, Message

from meshkit import serviceconfig, tracing, wire
from meshkit.context import current_identity, current_remaining_s
from meshkit.errors import KINDS, RemoteError
from meshkit.resilience import Guard
from meshkit.settings import ServiceSettings
from meshkit.status import remote_error
from meshkit.targets import grpc_target
from meshkit.telemetry import CLIENT_DURATION, CallTimers

R = TypeVar("R", bound=Message)
Pairs = Sequence[tuple[str, str]]

# What an answer needs to travel back and be acted on before our own caller gives up.
_MARGIN_S: Final = 0.020
# The client library's own words when it found nowhere to send a call to.
_NO_CONNECTION: Final = (
    "connections to all backends failing",
    "failed to connect to all addresses",
    "errors resolving",
)
_OPTIONS: Final = (
    ("grpc.enable_retries", 1),
    ("grpc.keepalive_time_ms", 20_000),
    ("grpc.keepalive_timeout_ms", 5_000),
    ("grpc.initial_reconnect_backoff_ms", 100),
    ("grpc.min_reconnect_backoff_ms", 100),
    ("grpc.max_reconnect_backoff_ms", 2_000),
    ("grpc.dns_min_time_between_resolutions_ms", 2_000),
    ("grpc.use_local_subchannel_pool", 1),
)


@dataclass(frozen=True, slots=True)
class Response(Generic[R]):
    """A message together with the metadata that came before it."""

    message: R
    initial_metadata: Mapping[str, str]


class Caller(Protocol):
    """What an adapter needs of a channel; a test or a shared process may put something else in its place."""

    async def unary(
        self,
        method: str,
        request: Message,
        response_type: type[R],
        *,
        timeout_s: float | None = None,
        metadata: Pairs = (),
    ) -> R:
        """One call, one answer."""
        ...


class Channel:
    """The connection pool to one upstream; starts without it and connects by itself.

    Retries happen inside, by the service config alone: on UNAVAILABLE, for the methods it lists, on a budget.
    """

    def __init__(
        self, upstream: str, target: str, settings: ServiceSettings, *, max_concurrent: int = 100
    ) -> None:
        self._upstream = upstream
        self._target = grpc_target(target)
        self._config = serviceconfig.load(settings.service_config_file)
        self._guard = Guard(upstream, max_concurrent=max_concurrent)
        self._channel: grpc.aio.Channel | None = None
        self._calls: dict[str, Any] = {}
        self._timers: dict[str, CallTimers] = {}

    @property
    def name(self) -> str:
        """What logs call it."""
        return f"channel-{self._upstream}"

    async def start(self) -> None:
        """Makes the channel; connections open with the first calls."""
        options = [*_OPTIONS, ("grpc.service_config", self._config.text)]
        self._channel = grpc.aio.insecure_channel(self._target, options=options)

    async def stop(self, grace_s: float) -> None:
        """Lets calls under way finish for `grace_s` seconds, then closes."""
        channel, self._channel = self._channel, None
        self._calls.clear()
        if channel is not None:
            await channel.close(grace_s)

    async def unary(
        self,
        method: str,
        request: Message,
        response_type: type[R],
        *,
        timeout_s: float | None = None,
        metadata: Pairs = (),
    ) -> R:
        """Calls `/pkg.v1.Service/Rpc` and returns its answer.

        The deadline is `timeout_s` (default: the method's in the service config), but never later than 20 ms
        before that of the call being answered. Raises RemoteError.
        """
        response = await self.call(method, request, response_type, timeout_s=timeout_s, metadata=metadata)
        return response.message

    async def call(
        self,
        method: str,
        request: Message,
        response_type: type[R],
        *,
        timeout_s: float | None = None,
        metadata: Pairs = (),
    ) -> Response[R]:
        """Like `unary`, with the response's initial metadata."""
        started, status = time.monotonic(), "CANCELLED"
        with tracing.client_span(method) as span:
            try:
                with self._guard:
                    budget = self._budget(method, timeout_s)
                    pairs = _outgoing(span.context.traceparent, metadata)
                    under_way = self._stub(method)(
                        request.SerializeToString(), timeout=budget, metadata=pairs
                    )
                    try:
                        payload = await under_way
                    except grpc.aio.AioRpcError as error:
                        raise _decoded(error, retried=self._config.retries(method)) from None
                    initial = dict(await under_way.initial_metadata())
                    message = _parsed(response_type, payload)
                status = "OK"
                return Response(message, initial)
            except RemoteError as error:
                status = error.kind.upper()
                raise
            finally:
                self._observe(method, status, time.monotonic() - started)
                span.finish(status)

    async def server_stream(
        self,
        method: str,
        request: Message,
        response_type: type[R],
        *,
        timeout_s: float | None = None,
        metadata: Pairs = (),
    ) -> AsyncIterator[R]:
        """The answers of a server stream, under one deadline for all; leaving the loop cancels the call."""
        started, status = time.monotonic(), "CANCELLED"
        span = tracing.client_span(method)
        under_way: Any = None
        try:
            with self._guard:  # only up to the first answer: a generator may be closed by another task
                budget = self._budget(method, timeout_s)
                pairs = _outgoing(span.context.traceparent, metadata)
                stub = self._stub(method, streaming=True)
                under_way = stub(request.SerializeToString(), timeout=budget, metadata=pairs)
                payload = await _next(under_way)
            while payload is not None:
                yield _parsed(response_type, payload)
                payload = await _next(under_way)
            status = "OK"
        except RemoteError as failure:
            status = failure.kind.upper()
            raise
        finally:
            if under_way is not None:
                under_way.cancel()
            self._observe(method, status, time.monotonic() - started)
            span.finish(status)
            span.end()

    def _budget(self, method: str, timeout_s: float | None) -> float:
        budget = self._config.timeout_s(method) if timeout_s is None else timeout_s
        remaining = current_remaining_s()
        if remaining is not None:
            budget = min(budget, remaining - _MARGIN_S)
        if budget <= 0:
            message = f"no time left to call {self._upstream}"
            raise RemoteError("deadline_exceeded", "DEADLINE_EXCEEDED", message, sent=False)
        return budget

    def _stub(self, method: str, *, streaming: bool = False) -> Any:
        stub = self._calls.get(method)
        if stub is None:
            if self._channel is None:
                raise RemoteError("unavailable", "CHANNEL_CLOSED", f"{self.name} is not open", sent=False)
            make = self._channel.unary_stream if streaming else self._channel.unary_unary
            stub = self._calls[method] = make(method)
        return stub

    def _observe(self, method: str, status: str, seconds: float) -> None:
        timers = self._timers.get(method)
        if timers is None:
            rpc = method.rpartition("/")[2]
            timers = self._timers[method] = CallTimers(CLIENT_DURATION, self._upstream, rpc)
        timers.observe(status, seconds)


async def _next(under_way: Any) -> bytes | None:
    """The next message of a stream, None at its end."""
    try:
        payload = await under_way.read()
    except grpc.aio.AioRpcError as error:
        raise _decoded(error, retried=True) from None
    return None if payload is grpc.aio.EOF else bytes(payload)


def _outgoing(traceparent: str, metadata: Pairs) -> tuple[tuple[str, str], ...]:
    return (*current_identity().to_metadata(), (wire.TRACEPARENT_KEY, traceparent), *metadata)


def _decoded(error: grpc.aio.AioRpcError, *, retried: bool) -> RemoteError:
    code, message = error.code().value[0], error.details() or ""
    details = dict(error.trailing_metadata() or ()).get(wire.STATUS_DETAILS_KEY)
    # An attempt before the last one may have been sent, so what is retried inside counts as sent.
    unsent = code == KINDS["unavailable"] and not retried and message.startswith(_NO_CONNECTION)
    return remote_error(code, message, details if isinstance(details, bytes) else None, sent=not unsent)


def _parsed(response_type: type[R], payload: bytes) -> R:
    try:
        return response_type.FromString(payload)
    except DecodeError:
        raise RemoteError("internal", "MALFORMED_RESPONSE", "the answer cannot be parsed") from None
