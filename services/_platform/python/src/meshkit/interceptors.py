"""What happens around every handler, in this order: observe → shed → identify → deadline → validate → answer.

Each is a plain async function of the call and the rest of the chain; none knows which server runs it.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence
from functools import partial
from typing import Final, Protocol

from google.protobuf.message import DecodeError

from meshkit import access, tracing, validation, wire
from meshkit.context import Identity, enter_call, leave_call
from meshkit.errors import KINDS, PlatformError
from meshkit.logging import debugging, get_logger
from meshkit.methods import responses_of
from meshkit.servercall import ServerCall
from meshkit.shedding import AdaptiveLimit
from meshkit.status import Failure, failure_of
from meshkit.telemetry import SERVER_IN_FLIGHT, SERVER_NO_DEADLINE, SERVER_SHED

Proceed = Callable[[ServerCall], Awaitable[bytes | None]]

_SLOW_S: Final = 0.5
_SHED_RETRY_AFTER_S: Final = 0.2
_SERVER_FAULTS: Final = frozenset(
    KINDS[kind] for kind in ("internal", "unknown", "data_loss", "unimplemented")
)
log = get_logger()


class Interceptor(Protocol):
    """Acts before and after the rest of the chain."""

    async def __call__(self, call: ServerCall, proceed: Proceed) -> bytes | None: ...


def chain(service: str, max_concurrent: int) -> Proceed:
    """The whole chain in front of a service's handlers; at most `max_concurrent` calls run at once, more are shed."""
    load = LoadGate(max_concurrent)
    SERVER_IN_FLIGHT.set_function(lambda: load.in_flight)
    observe = Observer(wire.error_domain(service))
    return compose([observe, load, identify, deadline, validate], answer)


def compose(interceptors: Sequence[Interceptor], terminal: Proceed) -> Proceed:
    """Nests the interceptors, the first one outermost."""
    proceed = terminal
    for interceptor in reversed(interceptors):
        proceed = partial(interceptor, proceed=proceed)
    return proceed


class Observer:
    """Outermost: the span, the metric, the log line, and the status of whatever was raised further in."""

    def __init__(self, domain: str) -> None:
        self._domain = domain

    async def __call__(self, call: ServerCall, proceed: Proceed) -> bytes | None:
        with tracing.server_span(call.rpc.path, call.metadata.get(wire.TRACEPARENT_KEY)) as span:
            status = "OK"
            try:
                return await proceed(call)
            except asyncio.CancelledError:  # by the caller, or by the runtime when the deadline passed
                expired = call.deadline is not None and time.monotonic() >= call.deadline
                status = "DEADLINE_EXCEEDED" if expired else "CANCELLED"
                raise
            except Exception as error:  # noqa: BLE001 - the outermost handler: everything becomes a status
                call.failure = failure_of(error, self._domain)
                status = call.failure.status_name
                _log_failure(call, call.failure, error)
                return None
            finally:
                seconds = time.monotonic() - call.started
                call.rpc.timers.observe(status, seconds)
                span.finish(status)
                if seconds > _SLOW_S and not call.rpc.streaming:
                    log.warning(
                        "slow call", rpc=call.rpc.path, status=status, duration_ms=round(seconds * 1e3, 1)
                    )
                elif call.failure is None and debugging():
                    log.debug("call", rpc=call.rpc.path, status=status, duration_ms=round(seconds * 1e3, 1))


def _log_failure(call: ServerCall, failure: Failure, error: Exception) -> None:
    """An error of ours with its traceback; a refusal, which is the caller's affair, only when debugging."""
    if not failure.expected or failure.code in _SERVER_FAULTS:
        log.error("call failed", rpc=call.rpc.path, status=failure.status_name, exc_info=error)
    else:
        log.debug("call refused", rpc=call.rpc.path, status=failure.status_name, reason=failure.reason)


class LoadGate:
    """Sheds what is too much, so that what is accepted ends in time: more than `most` calls at once, and of each method
    more than `meshkit.shedding` finds that the server can do.
    """

    def __init__(self, most: int) -> None:
        self._most = most
        self._limits: dict[str, AdaptiveLimit] = {}
        self.in_flight = 0

    async def __call__(self, call: ServerCall, proceed: Proceed) -> bytes | None:
        limit = self._limits.get(call.rpc.path)
        if limit is None:
            limit = self._limits[call.rpc.path] = AdaptiveLimit(self._most)
        if self.in_flight >= self._most or not limit.enter():
            SERVER_SHED.inc()
            raise PlatformError(
                "resource_exhausted",
                "OVERLOADED",
                "too many calls in flight",
                retry_after_s=_SHED_RETRY_AFTER_S,
            )
        self.in_flight += 1
        try:
            return await proceed(call)
        finally:
            self.in_flight -= 1
            limit.leave(call.started, call.deadline)


async def identify(call: ServerCall, proceed: Proceed) -> bytes | None:
    """Reads whom the call is made for and refuses it when they may not make it."""
    call.identity = Identity.from_metadata(call.metadata)
    access.check(call.rpc.access, call.identity)
    scope = enter_call(call.identity, call.deadline)
    try:
        return await proceed(call)
    finally:
        leave_call(scope)


async def deadline(call: ServerCall, proceed: Proceed) -> bytes | None:
    """Counts calls without a deadline, and begins nothing that is over already."""
    if call.deadline is None:
        SERVER_NO_DEADLINE.inc()
    elif time.monotonic() >= call.deadline:
        raise PlatformError("deadline_exceeded", "DEADLINE_EXCEEDED", "the deadline had passed on arrival")
    return await proceed(call)


async def validate(call: ServerCall, proceed: Proceed) -> bytes | None:
    """Parses the request and checks its `buf.validate` rules."""
    try:
        call.request = call.rpc.request_type.FromString(call.payload)
    except DecodeError as error:
        raise PlatformError(
            "invalid_argument", "MALFORMED_REQUEST", "the request cannot be parsed"
        ) from error
    if call.rpc.has_rules:
        validation.check(call.request)
    return await proceed(call)


async def answer(call: ServerCall) -> bytes | None:
    """The end of the chain: the servicer's method."""
    assert call.request is not None
    if not call.rpc.streaming:
        response = await call.rpc.invoke(call.request, call)
        return bytes(response.SerializeToString())
    assert call.send is not None
    async for message in responses_of(call.rpc, call.request, call):
        await call.send(message.SerializeToString())
    return None
