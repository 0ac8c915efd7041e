"""Calls to one upstream: deadline, identity and trace go along; refusals come back as `RemoteError`."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Generic, Protocol, TypeVar

from google.protobuf.message import DecodeError, Message

from meshkit import serviceconfig, tracing, wire
from meshkit.context import current_identity, current_remaining_s
from meshkit.errors import RemoteError
from meshkit.resilience import Guard
from meshkit.rpc import wiring
from meshkit.rpc.balancer import Balancer
from meshkit.rpc.client import CallFailed, RpcClient
from meshkit.rpc.outgoing import Ended, OutgoingCall
from meshkit.rpc.resolving import Resolver
from meshkit.rpc.retrying import RetryPolicy
from meshkit.settings import ServiceSettings
from meshkit.status import remote_error
from meshkit.targets import grpc_target
from meshkit.telemetry import CLIENT_DURATION, CLIENT_RETRIES, CallTimers

R = TypeVar("R", bound=Message)
Pairs = Sequence[tuple[str, str]]

# What an answer needs to travel back and be acted on before our own caller gives up.
_MARGIN_S: Final = 0.020


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
        self._client: RpcClient | None = None
        self._methods: dict[str, tuple[float, RetryPolicy | None]] = {}
        self._timers: dict[str, CallTimers] = {}

    @property
    def name(self) -> str:
        """What logs call it."""
        return f"channel-{self._upstream}"

    async def start(self) -> None:
        """Makes the channel; connections open with the first calls."""
        retries = CLIENT_RETRIES.labels(self._upstream)
        self._client = RpcClient(
            Balancer(self._upstream, Resolver(self._target)), self._config.retry_budget(), retries.inc
        )

    async def stop(self, grace_s: float) -> None:
        """Lets calls under way finish for `grace_s` seconds, then closes."""
        client, self._client = self._client, None
        if client is not None:
            await client.stop(grace_s)

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
                    budget, policy = self._budget(method, timeout_s)
                    pairs = _outgoing(span.context.traceparent, metadata)
                    try:
                        payload, initial = await self._open().unary(
                            method, request.SerializeToString(), pairs, budget, policy
                        )
                    except CallFailed as failed:
                        raise _decoded(failed.ended) from None
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
        under_way: OutgoingCall | None = None
        try:
            with self._guard:  # only up to the first answer: a generator may be closed by another task
                budget, _ = self._budget(method, timeout_s)
                pairs = _outgoing(span.context.traceparent, metadata)
                try:
                    under_way = await self._open().stream(method, request.SerializeToString(), pairs, budget)
                except CallFailed as failed:
                    raise _decoded(failed.ended) from None
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

    def _budget(self, method: str, timeout_s: float | None) -> tuple[float, RetryPolicy | None]:
        known = self._methods.get(method)
        if known is None:
            known = self._config.timeout_s(method), self._config.retry_policy(method)
            self._methods[method] = known
        budget = known[0] if timeout_s is None else timeout_s
        remaining = current_remaining_s()
        if remaining is not None:
            budget = min(budget, remaining - _MARGIN_S)
        if budget <= 0:
            message = f"no time left to call {self._upstream}"
            raise RemoteError("deadline_exceeded", "DEADLINE_EXCEEDED", message, sent=False)
        return budget, known[1]

    def _open(self) -> RpcClient:
        if self._client is None:
            raise RemoteError("unavailable", "CHANNEL_CLOSED", f"{self.name} is not open", sent=False)
        return self._client

    def _observe(self, method: str, status: str, seconds: float) -> None:
        timers = self._timers.get(method)
        if timers is None:
            rpc = method.rpartition("/")[2]
            timers = self._timers[method] = CallTimers(CLIENT_DURATION, self._upstream, rpc)
        timers.observe(status, seconds)


async def _next(under_way: OutgoingCall) -> bytes | None:
    """The next message of a stream, None at its end."""
    message = await under_way.next()
    if message is None and under_way.ended is not None and under_way.ended.code != wiring.OK:
        raise _decoded(under_way.ended)
    return message


def _outgoing(traceparent: str, metadata: Pairs) -> tuple[tuple[str, str], ...]:
    return (*current_identity().to_metadata(), (wire.TRACEPARENT_KEY, traceparent), *metadata)


def _decoded(ended: Ended) -> RemoteError:
    details = ended.trailers.get(wire.STATUS_DETAILS_KEY)
    return remote_error(
        ended.code, ended.message, wiring.binary_value(details) if details else None, sent=ended.sent
    )


def _parsed(response_type: type[R], payload: bytes) -> R:
    try:
        return response_type.FromString(payload)
    except DecodeError:
        raise RemoteError("internal", "MALFORMED_RESPONSE", "the answer cannot be parsed") from None
